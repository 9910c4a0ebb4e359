import { ConfigurationError, type Identity, type Interrupt, type Slot } from '@behalf/core'
import { identityAround, identityOfCall, plainCopy, principalKey, type Redactor, tellError } from '@behalf/core/spi'
import type { ToolExecutionContext } from '@mastra/core/tools'
import type { SuspendOptions } from '@mastra/core/workflows'
import type { GuardedCall } from './guard-tools-options.ts'
import { isWakeUp, ourInterrupt } from './wake-up.ts'

type Told = Partial<ToolExecutionContext>

/** Values that Mastra gives a tool when its call resumes. */
interface Resumed {
  readonly resumeData?: unknown
  readonly suspendPayload?: unknown
}

type Suspend = (payload: unknown, options?: SuspendOptions) => Promise<unknown>

/** The context that Mastra passes to a tool. Some fields exist only in some versions, or are missing from the types. */
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

/** Copies the parts of a context that locate a call and that resume it. */
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

/** Returns a copy of plain JSON, which the tool's code may change. */
const ownCopy = (value: unknown): unknown => structuredClone(plainCopy(value)) ?? value

/**
 * Returns the slot of a call, under which a run is found again. Mastra keeps the ids of run and call across restarts. A
 * run lasts one turn, so models may reuse their call ids in each turn. If a tool is itself a step, the step identifies
 * it. Code of another step is identified by that step and its input.
 */
export function slotOf(context: Context, name: string): Slot {
  const { agent, workflow } = context
  if (workflow !== undefined) return [workflow.runId, name]
  const run = runOf(context)
  if (run && isOfStep(context)) {
    return [run, JSON.stringify([context.workflowId, writerOf(context), name, textOf(context.inputData)])]
  }
  // Outside a run, nothing persists. An open question is found by its content.
  if (!run || !agent?.toolCallId) return crypto.randomUUID()
  return [run, agent.toolCallId]
}

/**
 * Returns the object by which calls are counted. It lives as long as one attempt of a step, or one call of an agent.
 * Mastra makes a writer for each, and code that passes on a copy of the context passes on the same writer.
 */
export const attemptOf = (context: Context): object =>
  suspenderOf(context) ?? context.writer ?? context.workflow ?? context

/** Returns whether this is the context of a step of the app's own, which may pass it on unchanged. */
const isOfStep = (context: Context): boolean =>
  context.agent === undefined && context.workflow === undefined && 'getStepResult' in context

/** Returns the id of the step or the name of the tool, which Mastra's types omit. */
const writerOf = ({ writer }: Context): unknown => (writer as { readonly name?: unknown } | undefined)?.name

/**
 * Returns whether code passed on less than Mastra gives the tools of an agent: the writer is missing, by which calls
 * are counted, or the run. Hooks and tools of the AI SDK get such a context. When these begin again, their calls would
 * be new ones, and nothing tells whether they run in a background task.
 */
export function isPart(context: Context): boolean {
  const { agent, toolCallId, writer } = context
  if (suspenderOf(context) === undefined) return false
  return agent === undefined ? toolCallId !== undefined && runOf(context) === undefined : writer === undefined
}

/** Returns the JSON text of a step's input. It is the same after Mastra's storage, which may reorder the members. */
function textOf(input: unknown): string | undefined {
  const sorted = (_: string, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : member
  try {
    return JSON.stringify(input, sorted)
  } catch {
    // The value is not JSON, so Mastra's storage cannot keep it either.
    return undefined
  }
}

/** Returns the run that suspends and resumes. In a nested workflow, this is the outermost run. */
function runOf({ workflow, runId }: Context): string | undefined {
  const run = workflow?.runId ?? runId
  return typeof run === 'string' && run !== '' ? run : undefined
}

/** Returns the interrupt as the run stores it, with the guard's proof that it was made for this run. */
export async function boundTo(context: Context, interrupt: Interrupt, { options }: GuardedCall): Promise<Interrupt> {
  const pause = pauseIn(context)
  return pause === undefined ? interrupt : options.guard.pauses.bind(interrupt, pause)
}

/** Returns the name of this call's pause. `undefined` outside a run. */
function pauseIn(context: Context): string | undefined {
  const run = runOf(context)
  return run === undefined ? undefined : pauseOf(run, context.workflow === undefined ? context.agent : undefined)
}

/** Returns the name of a pause for the guard: the run and, in an agent, the call. */
export function pauseOf(runId: string, call?: { readonly toolCallId?: string | undefined }): string {
  return JSON.stringify([runId, call?.toolCallId ?? null])
}

/**
 * Returns the identity for which this call is made. It is read at each call: another user may resume the run.
 *
 * Mastra keeps the tools of a waiting run in memory. It resumes with them, whatever tools the app passes on resume, and
 * does not report that the run waited. So tools that were made for one user do nothing within `runAs` of another user.
 */
export function identityFor(call: GuardedCall, { agent }: Context): Identity | undefined {
  const { identity } = call.options
  // A background worker runs in the context of the user who started it.
  const isBackgroundTask = agent?.isBackgroundTask === true
  if (typeof identity !== 'function') {
    if (isBackgroundTask || !actsForAnother(identity)) return identity
    const cause =
      'was given for one user, and this call is made within runAs of another: give a function, such as currentIdentity'
    tellError(new ConfigurationError(`${call.owner}.identity`, cause), call.name, call.options)
    return undefined
  }
  if (isBackgroundTask) return undefined
  return identityOfCall(call.owner, identity, (error) => tellError(error, call.name, call.options))
}

/** Returns whether the running code acts for another user than this one. */
function actsForAnother(bound: Identity | undefined): boolean {
  const current = identityAround()
  return bound?.kind === 'user' && current?.kind === 'user' && principalKey(bound) !== principalKey(current)
}

/** Returns the function that suspends this call. `undefined` outside agents, workflows and MCP servers. */
export function suspenderOf({
  suspend,
  agent,
  workflow,
}: Context): ((interrupt: Interrupt) => Promise<unknown>) | undefined {
  return suspend ?? agent?.suspend ?? workflow?.suspend
}

/**
 * Fields that Mastra passes, in every version, to a tool that is itself a step. A step of the app's own passes on only
 * some of them.
 */
const wholeStep = { context: ['requestContext', 'abortSignal'], workflow: ['state', 'setState'] }

/**
 * Returns whether code of a step of the app's own makes the call. If the call suspended there, that code would continue
 * as if it had a result: Mastra checks for a suspension only after the code has ended.
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
 * Returns whether another tool's code makes the call with its own context, or whether no client can resume the call, as
 * with voice or an MCP server. If only this call suspended, that code or server would continue as if it had a result.
 * Mastra gives a tool the fields `agent` or `workflow`, and gives both to the code of a tool that it made. In agents,
 * the writer contains the name of the tool.
 */
export function isInOtherCode(context: Context, { name, tool }: GuardedCall): boolean {
  if (runOf(context) === undefined || Object.hasOwn(context, 'agent') === Object.hasOwn(context, 'workflow'))
    return true
  return context.agent !== undefined && ![name, tool.id].includes(String(writerOf(context)))
}

/** Returns whether this call resumes. Mastra has then not parsed its arguments by the tool's schema. */
export const isResumed = ({ resumeData, agent, workflow }: Context): boolean =>
  (resumeData ?? agent?.resumeData ?? workflow?.resumeData) != null

/**
 * Returns the context for the tool's own code. It omits the data that only woke the guard up. A suspension by the
 * tool's code must neither show nor store a token of the call.
 *
 * If there is resume data, Mastra checks that data by the tool's schema, and does not check the input.
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

/** Redacts and records a suspension that the tool's own code asks for. */
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
