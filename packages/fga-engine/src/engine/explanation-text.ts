import type { Explanation } from '../evaluate/index.ts'

const MARKS = { allowed: '+', denied: '-', cycle: '~', error: '!' } as const satisfies Record<
  Explanation['verdict'],
  string
>

/**
 * An explanation as indented lines: `+` allowed, `-` denied, `~` cycle, `!` error.
 *
 * Names users and objects, and with `explainValues` the values of contexts: for the operator, never for a model.
 */
export function explanationText(explanation: Explanation): string {
  return lines(explanation, 0).join('\n')
}

function lines({ step, subject, verdict, reason, children }: Explanation, depth: number): readonly string[] {
  const what = step === 'relation' || step === 'tuple' ? subject : `${step} ${subject}`
  const told = reason === undefined ? '' : ` (${reason})`
  return [
    `${'  '.repeat(depth)}${MARKS[verdict]} ${what}${told}`,
    ...children.flatMap((child) => lines(child, depth + 1)),
  ]
}
