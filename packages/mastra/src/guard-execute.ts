import { BehalfError, ConfigurationError, type Outcome, ToolAuthorizationError } from '@behalf/core'
import {
  behindGuard,
  denySentences,
  plainCopy,
  redactorOf,
  refusalParts,
  slotWithin,
  tellApp,
  tellError,
  tellFault,
  toolFailedSentence,
} from '@behalf/core/spi'
import {
  attemptOf,
  boundTo,
  type Context,
  copyOf,
  identityFor,
  isInOtherCode,
  isInOwnStep,
  isPart,
  isResumed,
  ownContext,
  slotOf,
  suspenderOf,
} from './call-context.ts'
import type { GuardedCall } from './guard-tools-options.ts'
import { staysTheSame } from './stays-the-same.ts'
import { writtenOf } from './written-by.ts'

export type Execute = (input: unknown, context?: Context) => Promise<unknown>

/** Returns the tool's `execute` behind `guard.run`. */
export function guardExecute(execute: Execute, call: GuardedCall): Execute {
  const { guard } = call.options
  return behindGuard<Execute>(async (given, handed = {}) => {
    // Copied before any wait: meanwhile, an app may reuse the same objects for its next call, and act for another user.
    const context = copyOf(handed)
    const { abortSignal } = context
    const identity = identityFor(call, context)
    const place = slotOf(context, call.name)
    const attempt = attemptOf(handed)
    const reading = argumentsOf(given, context, call)
    const { input, rawInput } = reading instanceof Promise ? await reading : reading
    const slot = slotWithin(place, { tool: call.name, input: rawInput, attempt })
    const invocation = { tool: call.name, slot, input, rawInput, identity, signal: abortSignal }
    let outcome: Outcome<unknown>
    let suspendsItself = false
    const onSuspend = () => {
      suspendsItself = true
    }
    try {
      if (isPart(context)) throw new ConfigurationError(`${call.owner}.context`, PART)
      outcome = await guard.run(call.policy, invocation, async (parsed, one) => {
        await demandSameInput(parsed, call)
        const result = await execute(parsed, ownContext(context, call, { redact: redactorOf(one), onSuspend }))
        // If the suspension were stored as a result, the rest of the work would never run.
        if (suspendsItself) throw new OwnSuspensionError()
        return fitting(result)
      })
    } catch (error) {
      if (error instanceof OwnSuspensionError) return undefined
      throw thrownFor(error, abortSignal, call)
    }
    return resultOf(outcome, context, call)
  })
}

const PART =
  'does not tell the run, as that of a hook or of a tool of the AI SDK: call it in a tool of createTool, and pass on all that is handed to that'

/** Returns the error that Mastra gets: its own signals unchanged, and one fixed sentence for every other error. */
function thrownFor(error: unknown, abortSignal: AbortSignal | undefined, call: GuardedCall): unknown {
  if (isSuspension(error) || (abortSignal?.aborted === true && error === abortSignal.reason)) return error
  tellError(error, call.name, call.options)
  return BehalfError.isInstance(error) && error.code === 'ERR_CONFIGURATION'
    ? new ToolAuthorizationError('misconfigured', denySentences.misconfigured)
    : new ToolAuthorizationError('tool_failed', toolFailedSentence)
}

/** Ends the run of a tool whose own code asked Mastra to suspend it. It has no result yet. */
class OwnSuspensionError extends Error {}

interface Arguments {
  readonly input: unknown
  /** The arguments as the model wrote them, by which the guard names the call. */
  readonly rawInput: unknown
}

/** Returns the arguments as Mastra parses them before a call. On resume, Mastra passes them as the model wrote them. */
function argumentsOf(given: unknown, context: Context, { read }: GuardedCall): Arguments | Promise<Arguments> {
  const written = writtenOf(given)
  // Not copied: the guard copies both before it waits.
  if (written !== undefined) return { input: given, rawInput: written }
  if (!isResumed(context)) return { input: given, rawInput: given }
  return read(plainCopy(given) ?? given).then((parsed) => ({ input: parsed, rawInput: writtenOf(parsed) ?? parsed }))
}

/**
 * Returns whether the error ends a call that suspends while the model still streams. This is not a failure of the tool.
 */
const isSuspension = (error: unknown): boolean => error instanceof Error && error.name === 'EagerToolExecutionNotRun'

async function resultOf(outcome: Outcome<unknown>, context: Context, call: GuardedCall): Promise<unknown> {
  if (outcome.status === 'done') {
    const { result, ranAt } = outcome
    const { onReplayed } = call.options
    const toolCallId = context.agent?.toolCallId
    if (ranAt !== undefined) tellApp(() => onReplayed?.({ tool: call.name, toolCallId, ranAt }))
    return result
  }
  tellFault(outcome, call.name, call.options)
  if (outcome.status !== 'interrupted') throw new ToolAuthorizationError(...refusalParts(outcome))
  const interrupt = await boundTo(context, outcome.interrupt, call)
  const suspend = suspenderOf(context)
  if (suspend !== undefined && !isInOwnStep(context)) {
    await suspend(interrupt)
    if (!isInOtherCode(context, call)) return undefined
  }
  throw new ToolAuthorizationError(...refusalParts({ ...outcome, interrupt }))
}

/**
 * Throws on Mastra's validation error. A tool returns it in place of a result if its `outputSchema` refuses the result,
 * or its `requestContextSchema` refuses the context. If the run stored it as a result, the model would read an error
 * and call again. A finished action could then run twice (A13), or an approved action could count as done and never
 * run.
 *
 * @throws TypeError
 */
function fitting(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || !('validationErrors' in result)) return result
  if (!('error' in result && result.error === true && 'message' in result)) return result
  if (typeof result.message !== 'string' || !UNFIT.test(result.message)) return result
  throw new TypeError(result.message)
}

const UNFIT = /^(Tool (in|out)put|Request context) validation failed/

/** Checks that Mastra's second parse, by the tool's own schema, returns the input that a person approved (A10). */
async function demandSameInput(parsed: unknown, { owner, name, tool }: GuardedCall): Promise<void> {
  if (tool.inputSchema === undefined || (await staysTheSame(tool.inputSchema, parsed))) return
  throw new ConfigurationError(
    `${owner}.tools.${name}.inputSchema`,
    'changes what the policy parsed: give tool and policy the same schema, one that transforms nothing',
  )
}
