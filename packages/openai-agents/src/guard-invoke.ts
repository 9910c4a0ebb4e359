import { ConfigurationError, type Slot } from '@behalf/core'
import { behindGuard, isToolRefusal, plainCopy, resultOf, shownError, slotWithin } from '@behalf/core/spi'
import { argumentsIn, findingKey, identityOf, runOf, slotOf } from './call-context.ts'
import type { AnyRunContext, AnyTool, GuardedCall } from './guard-tools-options.ts'

export type Invoke = AnyTool['invoke']
type Details = NonNullable<Parameters<Invoke>[2]>

/**
 * Returns the tool's `invoke` behind `guard.run`. The model reads a refusal as the result. The code of another tool would
 * continue as if it had a result, so it gets an error.
 */
export const guardInvoke = (call: GuardedCall): Invoke =>
  behindGuard(async (runContext, text, handed = {}) => {
    const details = copyOf(handed)
    let isModels = false
    try {
      const input = argumentsIn(text)
      isModels = isOfModel(call, runContext, details, text)
      if (isModels) throwRefusal(runContext, call, details, input)
      return await runGuarded(call, { runContext, input, details, isModels })
    } catch (error) {
      const shown = shownError(error, call.name, call.options, details.signal)
      if (isModels && isToolRefusal(shown)) return shown.message
      throw shown
    }
  })

/** Functions of calls that have reached a guarded tool, as {@link parsedCallback} finds them. */
const reached = new WeakSet<object>()

/**
 * Returns whether the model made this call, and not the code of a tool with the same name, which passes on what it
 * received. Before a call of the model, the framework asks the guarded tool, or has an approval.
 */
function isOfModel({ name }: GuardedCall, runContext: AnyRunContext, details: Details, text: string): boolean {
  const { toolCall } = details
  if (toolCall?.name !== name || toolCall.arguments !== text) return false
  const { told = details } = callbackIn(details)
  if (reached.has(told)) return false
  reached.add(told)
  const { callId } = toolCall
  return runOf(runContext).asked.has(findingKey(name, callId, null)) || hasApproval(runContext, callId)
}

/** Returns whether the framework may have an approval for this call. Only the framework knows the tool's name in it. */
const hasApproval = (runContext: AnyRunContext, callId: string): boolean =>
  Object.values(runContext.toJSON().approvals).some(
    ({ approved }) => approved === true || (Array.isArray(approved) && approved.includes(callId)),
  )

/** Copies the details: an app's code may reuse the same object for its next call. */
const copyOf = ({ toolCall, ...rest }: Details): Details => ({
  ...rest,
  ...(toolCall !== undefined && { toolCall: { ...toolCall } }),
})

/** A call as the framework, or the code of another tool, makes it. */
interface Incoming {
  readonly runContext: AnyRunContext
  readonly input: unknown
  readonly details: Details
  /** Whether the model made the call. */
  readonly isModels: boolean
}

async function runGuarded(call: GuardedCall, incoming: Incoming): Promise<unknown> {
  const { name, policy, options } = call
  const { input, details, runContext, isModels } = incoming
  const slot = placeOf(call, incoming)
  const invocation = { tool: name, slot, input, rawInput: input, identity: identityOf(call), signal: details.signal }
  const outcome = await options.guard.run(policy, invocation, (parsed) => runTool(call, incoming, parsed))
  const ranAt = outcome.status === 'done' ? outcome.ranAt : undefined
  const { callId } = details.toolCall ?? {}
  if (isModels && ranAt !== undefined && callId !== undefined) runOf(runContext).replays.set(callId, ranAt)
  return resultOf(outcome, name, options)
}

/** Throws the refusal of this call's preflight, once. */
function throwRefusal(runContext: AnyRunContext, { name }: GuardedCall, details: Details, input: unknown): void {
  const { findings } = runOf(runContext)
  if (findings.size === 0) return
  const key = findingKey(name, details.toolCall?.callId, input)
  const finding = findings.get(key)
  if (finding === undefined || !('refusal' in finding)) return
  findings.delete(key)
  throw finding.refusal
}

/**
 * Returns the place of a call. A model's call is named by its id. The code of a tool may make several calls under the
 * tool's own id.
 */
function placeOf(call: GuardedCall, { runContext, input, details, isModels }: Incoming): Slot {
  const callId = details.toolCall?.callId
  if (callId === undefined) throw new ConfigurationError(`${call.owner}.details`, PART)
  const slot = slotOf(call, runContext, callId)
  const { told: attempt } = parsedCallback(call, details)
  // A call of the model counts too: code around the tool may call it again.
  const within = slotWithin(slot, { tool: call.name, input, attempt })
  return isModels ? slot : within
}

const PART =
  'are not those of the framework, so this call cannot be distinguished from an equal earlier one: pass on all of them, or call guard.run'

const PARSED = 'openai.agents.functionToolParsedInputCallback'

/**
 * Returns the function that the framework calls with the arguments as the tool's own schema parsed them. The runner
 * makes one for each call, and code that passes on a copy of the details passes on the function.
 */
function parsedCallback({ owner }: GuardedCall, details: Details) {
  const { key, told } = callbackIn(details)
  if (key === undefined || told === undefined) throw new ConfigurationError(`${owner}.details`, PART)
  return { key, told }
}

function callbackIn(details: Details): { readonly key?: symbol; readonly told?: (input: unknown) => void } {
  const key = Object.getOwnPropertySymbols(details).find(({ description }) => description === PARSED)
  const told: unknown = key === undefined ? undefined : Reflect.get(details, key)
  return key !== undefined && typeof told === 'function' ? { key, told: told as (input: unknown) => void } : {}
}

/** Text in which the framework hides an error of `execute`, and tells the model to call again. */
const HIDDEN = 'An error occurred while running the tool. Please try again.'

async function runTool(call: GuardedCall, { runContext, details }: Incoming, parsed: unknown): Promise<unknown> {
  const text = JSON.stringify(parsed)
  const { owner, name, own } = call
  const { key, told } = parsedCallback(call, details)
  let changed: ConfigurationError | undefined
  // A10: the framework parses again by the tool's own schema before `execute`. The second parse must return the input
  // that a person approved.
  const demandSame = (input: unknown) => {
    if (JSON.stringify(plainCopy(input)) === text) return told(input)
    changed = new ConfigurationError(
      `${owner}.tools.${name}.parameters`,
      'changes what the policy parsed: give tool and policy the same schema, one that transforms nothing',
    )
    throw changed
  }
  reached.add(demandSame)
  const result = await own.invoke(runContext, text, { ...details, [key]: demandSame })
  if (changed !== undefined) throw changed
  if (result === HIDDEN) throw new Error('the tool threw: make it with errorFunction: null, to get its error here')
  return result
}
