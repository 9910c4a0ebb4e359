import { measureFile } from '../bench/measure-file.ts'
import { budget } from './budgets.ts'
import { type Verdict, verdict } from './gate.ts'

/**
 * Measures the cost of a guarded call with a cached token over the bare body: median of the rounds, in processor time.
 */
export function checkWarmCall(): Verdict {
  const { today, target } = budget('guarded warm call over the bare body')
  const figures = measureFile('packages/core/bench/guard.bench.ts').flatMap((section) => section.figures)
  const warm = figures.find(({ name }) => name.startsWith('guarded call, token cached'))
  if (warm === undefined) return verdict(['packages/core/bench/guard.bench.ts measures no guarded call, token cached'])
  const text = `${warm.over.toFixed(2)} µs of ${today} (target ${target})`
  return verdict(warm.over <= today ? [] : [`a warm call costs ${text} over the bare body`], text)
}
