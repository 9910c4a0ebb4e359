import { measureFile } from '../bench/measure-file.ts'
import { budget } from './budgets.ts'
import { type Verdict, verdict } from './gate.ts'

const NAME = 'guarded call, token cached, beside the same by hand'

/**
 * Measures a guarded call with a cached token beside the same work by hand: median of the ratios of the rounds. A limit
 * in microseconds would fail on each slower machine (decision 24).
 */
export function checkWarmCall(): Verdict {
  const { today, target } = budget('guarded warm call beside the same by hand')
  const figures = measureFile('packages/core/bench/guard.bench.ts').flatMap((section) => section.figures)
  const warm = figures.find(({ name }) => name === NAME)
  if (warm === undefined) return verdict([`packages/core/bench/guard.bench.ts measures no ${NAME}`])
  const text = `${warm.ratio.toFixed(2)} times ${warm.peerName}; at most ${today} (target ${target})`
  return verdict(warm.ratio <= today ? [] : [`a warm call takes ${text}`], text)
}
