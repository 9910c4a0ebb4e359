import type { MockOpenFga } from '@behalf/testing'
import { withoutTokens } from '../events/index.ts'

type Explanation = Awaited<ReturnType<MockOpenFga['explain']>>

/** Returns why a check was refused: the tuples that decided; without them, the relations that have none. */
export function whyRefused(explanation: Explanation): string {
  const leaves = leavesOf(explanation)
  const tuples = leaves.filter(isTuple)
  return wordsOf(tuples.length > 0 ? tuples : leaves, '; ')
}

/** Returns the tuples that are there and did not allow, with the reason of each, such as its condition. */
export const tuplesThatFailed = (explanation: Explanation): string =>
  // A trace separates its checks by semicolons.
  wordsOf(
    leavesOf(explanation).filter((leaf) => isTuple(leaf) && leaf.verdict !== 'allowed'),
    ' and ',
  ).replaceAll('; ', ', ')

const isTuple = ({ step }: Explanation): boolean => step === 'tuple'

const wordsOf = (leaves: readonly Explanation[], separator: string): string =>
  withoutTokens([...new Set(leaves.map(({ subject, reason }) => `${subject}: ${reason}`))].join(separator))

/** Returns the ends of an explanation, which have the reasons. */
function leavesOf(explanation: Explanation): readonly Explanation[] {
  const { children, reason } = explanation
  return reason === undefined ? children.flatMap(leavesOf) : [explanation, ...children.flatMap(leavesOf)]
}
