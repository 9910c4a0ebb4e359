import type { Identity, Interrupt, Outcome } from '@behalf/core'
import {
  denySentences,
  interruptSentences,
  type Redactor,
  redactorOf,
  tellFault,
  toolFailedSentence,
} from '@behalf/core/spi'
import { type InputRequired, inputAskedFor } from './input-required.ts'
import type { GuardedTool } from './mcp-tool.ts'
import { reportError } from './report-error.ts'
import type { ToolResult } from './schema.ts'
import { checkedResult, INTERRUPT_META, REFUSAL_META, REPLAYED_META, toolResultOf } from './tool-result.ts'
import { waitForAnswer } from './wait-for-answer.ts'

/** One round of a call: the first one, or a later one for which the client sent the state back. */
export interface ToolRound {
  readonly identity: Identity | undefined
  readonly slot: string
  readonly input: unknown
  /** Arguments as the client wrote them, if the SDK passes them on. */
  readonly rawInput?: unknown
  readonly signal: AbortSignal
  /** Returns the SDK's context without credentials, and with the redactor of this call. */
  readonly contextWith: (redact: Redactor) => unknown
  /** Whether the SDK supports `input_required`. */
  readonly takesInput: boolean
  /** Returns whether the SDK accepts this as a result. */
  readonly isResult: (result: unknown) => boolean
  /** Returns how long the call may wait for a person to act on this interrupt, in seconds. */
  readonly waitSeconds: (interrupt: Interrupt) => number
}

export type ToolAnswer =
  | { readonly kind: 'result'; readonly result: ToolResult }
  | { readonly kind: 'interrupt'; readonly interrupt: Interrupt }
  | { readonly kind: 'input_required'; readonly asked: InputRequired }

/**
 * Runs one round under the guard.
 *
 * @throws The reason of the round's own abort, and nothing else.
 */
export async function callTool(guarded: GuardedTool, round: ToolRound): Promise<ToolAnswer> {
  const { guard } = guarded.rules
  const first = await runOnce(guarded, round)
  if (!('interrupt' in first) || first.interrupt.kind !== 'approval_pending' || round.identity === undefined) {
    return answerOf(guarded, first)
  }
  const options = { identity: round.identity, seconds: round.waitSeconds(first.interrupt), signal: round.signal }
  const isAnswered = await waitForAnswer(guard, first.interrupt, options)
  return answerOf(guarded, isAnswered ? await runOnce(guarded, round) : first)
}

type Ended = Outcome<unknown> | { readonly failed: string } | { readonly asked: InputRequired }

/** Runs a call once. The interrupted outcome is recognized by a field, so that TypeScript narrows the type. */
async function runOnce(guarded: GuardedTool, round: ToolRound): Promise<Ended> {
  const { name, tool, policy, rules } = guarded
  const { identity, slot, input, rawInput, signal, contextWith, takesInput, isResult } = round
  let began = false
  try {
    return await rules.guard.run(
      policy,
      { tool: name, slot, input, rawInput, signal, identity },
      async (parsed, call) => {
        began = true
        const redact = redactorOf(call)
        const value = await lastOf(tool.execute(parsed, { signal, context: contextWith(redact) }))
        // Tokens must be redacted in the body's value, before it becomes JSON.
        return checkedResult(redact(value), tool.outputSchema, isResult)
      },
    )
  } catch (error) {
    if (signal.aborted && error === signal.reason) throw error
    const asked = began && takesInput ? inputAskedFor(error) : undefined
    if (asked !== undefined) return { asked }
    reportError(guarded, error)
    return { failed: began ? toolFailedSentence : denySentences.misconfigured }
  }
}

function answerOf(guarded: GuardedTool, ended: Ended): ToolAnswer {
  const { tool } = guarded
  if ('asked' in ended) return { kind: 'input_required', asked: ended.asked }
  if ('failed' in ended) return refusal(ended.failed, 'tool_failed')
  switch (ended.status) {
    case 'done': {
      const { ranAt } = ended
      const result = toolResultOf(ended.result, tool.outputSchema !== undefined)
      if (ranAt === undefined) return { kind: 'result', result }
      return { kind: 'result', result: { ...result, _meta: { ...result._meta, [REPLAYED_META]: { ranAt } } } }
    }
    case 'denied':
      tellFault(ended, guarded.name, guarded.rules)
      return refusal(ended.message, ended.code)
    case 'unavailable':
      return refusal(ended.message, 'unavailable')
    case 'interrupted':
      return { kind: 'interrupt', interrupt: ended.interrupt }
    default:
      return ended satisfies never
  }
}

/** Returns the fixed sentence for the model, and the code for the client's app. */
function refusal(text: string, code: string): ToolAnswer {
  return {
    kind: 'result',
    result: { content: [{ type: 'text', text }], isError: true, _meta: { [REFUSAL_META]: code } },
  }
}

/** Returns the result for a client that cannot be asked: the model reads that the call waits, and the app reads why. */
export function waitingResult(interrupt: Interrupt): ToolResult {
  const text = interruptSentences[interrupt.kind]
  return { content: [{ type: 'text', text }], isError: true, _meta: { [INTERRUPT_META]: interrupt } }
}

/** Reads a generator's last value within the call, where credentials work. */
async function lastOf(returned: unknown): Promise<unknown> {
  const value = await returned
  if (typeof value !== 'object' || value === null || !(Symbol.asyncIterator in value)) return value
  const iterator = (value as AsyncIterable<unknown>)[Symbol.asyncIterator]()
  let last: unknown
  for (;;) {
    const step = await iterator.next()
    if (step.done) return step.value ?? last
    last = step.value
  }
}
