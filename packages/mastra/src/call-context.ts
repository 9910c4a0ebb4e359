import { ConfigurationError, currentIdentity, type Identity, type Interrupt, type Slot } from '@behalf/core'
import { atOnce, plainCopy, principalKey, type Redactor } from '@behalf/core/spi'
import type { ToolExecutionContext } from '@mastra/core/tools'
import type { SuspendOptions } from '@mastra/core/workflows'
import type { GuardedCall } from './guarded-tools.ts'
import { reportError } from './report-error.ts'
import { isWakeUp, ourInterrupt } from './wake-up.ts'

type Told = Partial<ToolExecutionContext>

/** What a tool is told when it goes on. */
interface Resumed {
  readonly resumeData?: unknown
  readonly suspendPayload?: unknown
}

type Suspend = (payload: unknown, options?: SuspendOptions) => Promise<unknown>

/** What Mastra hands to a tool. What is named here is there in some versions, and missing from the types of others. */
export type Context = Told &
  Resumed & {
    readonly runId?: unknown
    readonly toolCallId?: unknown
    readonly workflowId?: unknown
    readonly inputData?: unknown
    readonly suspend?: Suspend
    readonly agent?: NonNullable<Told['agent']> & Resumed & { readonly isBackgroundTask?: boolean }
    readonly workflow?: NonNullable<Told['workflow']> & Resumed
  }

/** A copy of what tells where a call stands and what it goes on with. */
export function copyOf(context: Context): Context {
  const { agent, workflow } = context
  return {
    ...partOf(context),
    ...(agent !== undefined && { agent: partOf(agent) }),
    ...(workflow !== undefined && { workflow: partOf(workflow) }),
  }
}

function partOf<Part extends Resumed>(part: Part): Part {
  const { resumeData, suspendPayload } = part
  return {
    ...part,
    ...(resumeData !== undefined && { resumeData: ownCopy(resumeData) }),
    ...(suspendPayload !== undefined && { suspendPayload: ownCopy(suspendPayload) }),
  }
}

/** A copy of plain JSON, which the tool's code may change. */
const ownCopy = (value: unknown): unknown => structuredClone(plainCopy(value)) ?? value

/**
 * Where a run is found again. Mastra keeps the ids of run and call across restarts, and a run lasts one turn, so models
 * may restart the ids of their calls each turn. A step that is a tool is known by it, and the code of another step by
 * that step and its input.
 */
export function slotOf(context: Context, name: string): Slot {
  const { agent, workflow } = context
  if (workflow !== undefined) return [workflow.runId, name]
  const run = runOf(context)
  if (run && isOfStep(context)) {
    return [run, JSON.stringify([context.workflowId, writerOf(context), name, textOf(context.inputData)])]
  }
  // Called by itself, nothing persists where it stands: an open question is found by what it asks.
  if (!run || !agent?.toolCallId) return crypto.randomUUID()
  return [run, agent.toolCallId]
}

/**
 * What makes calls that are counted: lives as long as one attempt of a step, or as one call of an agent. Mastra makes a writer
 * for each of them, which stays the same object where code hands on copies of the rest.
 */
export const attemptOf = (context: Context): object =>
  suspenderOf(context) ?? context.writer ?? context.workflow ?? context

/** Whether this is what Mastra hands to a step of the app's own, which hands it on as it is. */
const isOfStep = (context: Context): boolean =>
  context.agent === undefined && context.workflow === undefined && 'getStepResult' in context

/** The id of the step, or the name of the tool, which Mastra's types do not name. */
const writerOf = ({ writer }: Context): unknown => (writer as { readonly name?: unknown } | undefined)?.name

/**
 * Whether code handed on less than Mastra hands to the tools of an agent: the writer is missing, by which calls are counted,
 * or the run, as in what hooks and tools of the AI SDK are told. A call of theirs would be another one when they begin again,
 * and is not known to be in a background task.
 */
export function isPart(context: Context): boolean {
  const { agent, toolCallId, writer } = context
  if (suspenderOf(context) === undefined) return false
  return agent === undefined ? toolCallId !== undefined && runOf(context) === undefined : writer === undefined
}

/** A step's input, the same after Mastra's storage, which may keep members in another order. */
function textOf(input: unknown): string | undefined {
  const sorted = (_: string, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : member
  try {
    return JSON.stringify(input, sorted)
  } catch {
    // No JSON: Mastra's storage cannot keep it either.
    return undefined
  }
}

/** The run that suspends and is resumed: of a nested workflow, the outermost one. */
function runOf({ workflow, runId }: Context): string | undefined {
  const run = workflow?.runId ?? runId
  return typeof run === 'string' && run !== '' ? run : undefined
}

/** The interrupt as the run keeps it, with the guard's proof that it made it for this run. */
export async function boundTo(context: Context, interrupt: Interrupt, { options }: GuardedCall): Promise<Interrupt> {
  const pause = pauseIn(context)
  return pause === undefined ? interrupt : options.guard.pauses.bind(interrupt, pause)
}

/** The name of this call's pause; `undefined` where it is in no run. */
function pauseIn(context: Context): string | undefined {
  const run = runOf(context)
  return run === undefined ? undefined : pauseOf(run, context.workflow === undefined ? context.agent : undefined)
}

/** How the guard is told of a pause: by its run and, in an agent, by the call. */
export function pauseOf(runId: string, call?: { readonly toolCallId?: string | undefined }): string {
  return JSON.stringify([runId, call?.toolCallId ?? null])
}

const PROMISE =
  'returned a promise, and is asked within each call: verify the user before the run, and return the identity'

/**
 * Returns for whom this call is made, asked at each call: the user who resumes a run may not be the one who began it.
 *
 * Mastra keeps the tools of a waiting run in memory and resumes with them, whichever tools the resume is given, and
 * does not tell that the run waited. So tools that were made for one user do nothing within `runAs` of another user.
 */
export function identityFor(call: GuardedCall, { agent }: Context): Identity | undefined {
  const { identity } = call.options
  // The context of a worker is that of the user who started the worker.
  const isBackgroundTask = agent?.isBackgroundTask === true
  if (typeof identity !== 'function') {
    if (isBackgroundTask || !actsForAnother(identity)) return identity
    const cause =
      'was given for one user, and this call is made within runAs of another: give a function, such as currentIdentity'
    reportError(new ConfigurationError('guardTools.identity', cause), call)
    return undefined
  }
  if (isBackgroundTask) return undefined
  try {
    return atOnce('guardTools.identity', identity(), PROMISE)
  } catch (error) {
    reportError(error, call)
    return undefined
  }
}

/** Whether the running code acts for another user than this one. */
function actsForAnother(bound: Identity | undefined): boolean {
  let current: Identity
  try {
    current = currentIdentity()
  } catch {
    return false
  }
  if (bound?.kind !== 'user' || current.kind !== 'user') return false
  return principalKey(bound) !== principalKey(current)
}

/** How this call can be suspended; `undefined` outside of agents, workflows and MCP servers. */
export function suspenderOf({
  suspend,
  agent,
  workflow,
}: Context): ((interrupt: Interrupt) => Promise<unknown>) | undefined {
  return suspend ?? agent?.suspend ?? workflow?.suspend
}

/** What Mastra hands to a tool that is a step by itself, in every version; a step of the app's own picks what it passes on. */
const wholeStep = { context: ['requestContext', 'abortSignal'], workflow: ['state', 'setState'] }

/**
 * Whether the call is made by the code of a step of the app's own. Suspended there, that code would go on as if it
 * had a result, since Mastra looks for a suspension when the code has ended.
 */
export function isInOwnStep(context: Context): boolean {
  const { agent, workflow } = context
  if (agent !== undefined) return false
  if (workflow === undefined) return isOfStep(context)
  const isWhole =
    wholeStep.context.every((key) => Object.hasOwn(context, key)) &&
    wholeStep.workflow.every((key) => Object.hasOwn(workflow, key)) &&
    !('getStepResult' in context)
  return !isWhole
}

/**
 * Whether another tool's code makes the call and passed on its context, or no client can resume the call, as with a
 * voice or an MCP server. If only this call suspended, that code or server would go on as if it had a result. Mastra
 * gives a tool the names of an agent or of a workflow; it gives both names to the code of a tool that it made. In
 * agents the writer holds the name of the tool.
 */
export function isInOtherCode(context: Context, { name, tool }: GuardedCall): boolean {
  if (runOf(context) === undefined || Object.hasOwn(context, 'agent') === Object.hasOwn(context, 'workflow'))
    return true
  return context.agent !== undefined && ![name, tool.id].includes(String(writerOf(context)))
}

/** Whether this call goes on: then Mastra has not read its arguments by the tool's schema. */
export const isResumed = ({ resumeData, agent, workflow }: Context): boolean =>
  (resumeData ?? agent?.resumeData ?? workflow?.resumeData) != null

/**
 * The context for the tool's own code: without what only woke the guard up, and with no way to suspend that would show
 * and keep a token of the call.
 *
 * Mastra checks no input where there is resume data, and checks that data by the tool's schema.
 */
export function ownContext(context: Context, { tool, name }: GuardedCall, own: OwnSuspension): Context {
  const place = context.agent ?? context.workflow ?? context
  const resumeData = place.resumeData ?? context.resumeData
  const suspendPayload = place.suspendPayload ?? context.suspendPayload
  const suspendsItself = tool.resumeSchema !== undefined || tool.suspendSchema !== undefined
  const isOwn = suspendPayload === undefined ? suspendsItself : ourInterrupt(suspendPayload, name) === undefined
  const isKept = isOwn && !isWakeUp(resumeData)
  const part = (one: Suspendable) => suspending(isKept ? one : withoutResume(one), own)
  return {
    ...part(context),
    ...(context.agent !== undefined && { agent: part(context.agent) }),
    ...(context.workflow !== undefined && { workflow: part(context.workflow) }),
  } as Context
}

/** What becomes of a suspension that the tool's own code asks for. */
export interface OwnSuspension {
  readonly redact: Redactor
  readonly onSuspend: () => void
}

type Suspendable = Resumed & { readonly suspend?: Suspend }

function withoutResume(part: Suspendable): Suspendable {
  const { resumeData: _, suspendPayload: __, ...rest } = part
  return rest
}

function suspending(part: Suspendable, { redact, onSuspend }: OwnSuspension): Suspendable {
  const { suspend } = part
  if (suspend === undefined) return part
  return {
    ...part,
    suspend: (payload: unknown, options?: SuspendOptions) => {
      onSuspend()
      return suspend(redact(payload), options)
    },
  }
}
