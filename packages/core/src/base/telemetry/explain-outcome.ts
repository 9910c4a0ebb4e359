import type { Outcome, PreflightOutcome, Trace, TraceStep } from '../contract/index.ts'
import { visibleText } from '../display/visible-text.ts'
import { inspect } from '../process/async.ts'

/** A trace whose steps Node's `console.log` prints as `explainOutcome` does. */
export class PrintedTrace {
  readonly tool: string
  readonly steps: readonly TraceStep[]

  constructor(tool: string, steps: readonly TraceStep[]) {
    this.tool = tool
    this.steps = steps
  }

  [inspect](this: Trace): string {
    const line = ({ step, verdict, detail }: TraceStep) =>
      `\n  ${step.padEnd(10)} ${verdict.padEnd(11)} ${visibleText(detail).replaceAll('; ', '\n'.padEnd(26))}`
    return this.steps.map(line).join('')
  }
}

/**
 * Writes an outcome as text: its status, and each step of its trace with the reason. For a terminal, a test or the
 * operator's log, and not for a model: it names the policy's questions. Contains no token and no result of the tool.
 */
export function explainOutcome(outcome: Outcome<unknown> | PreflightOutcome): string {
  const { status, trace } = outcome
  const why =
    status === 'denied' ? ` (${outcome.code})` : status === 'interrupted' ? ` (${outcome.interrupt.kind})` : ''
  // From JSON, the trace is a plain object. A caller without types may have given a tool without a name.
  return `${visibleText(trace.tool ?? 'call')}: ${status}${why}${PrintedTrace.prototype[inspect].call(trace)}`
}
