import type { Outcome, PreflightOutcome } from '../contract/index.ts'
import { visibleText } from '../display/visible-text.ts'

/**
 * Writes an outcome as text: its status, and each step of its trace with the reason. For a terminal, a test or the
 * operator's log, and not for a model: it names the policy's questions. Contains no token and no result of the tool.
 */
export function explainOutcome(outcome: Outcome<unknown> | PreflightOutcome): string {
  const { status, trace } = outcome
  const why =
    status === 'denied' ? ` (${outcome.code})` : status === 'interrupted' ? ` (${outcome.interrupt.kind})` : ''
  const lines = [`${visibleText(trace.tool)}: ${status}${why}`]
  for (const { step, verdict, detail } of trace.steps) {
    const [first, ...rest] = visibleText(detail).split('; ')
    lines.push(
      `  ${step.padEnd(10)} ${verdict.padEnd(11)} ${first}`,
      ...rest.map((part) => part.padStart(part.length + 25)),
    )
  }
  return lines.join('\n')
}
