import type { Bench } from './bench.ts'
import { micro, note, tell } from './figures.ts'
import { measure } from './measure.ts'

/** Measures the comparisons of a file, and prints the results. */
export async function compare(bench: Bench): Promise<void> {
  const { name, run, peer, concurrency = [1], mostOverPeer, mostRatio, missed } = bench
  for (const width of concurrency) {
    const result = await measure(run, peer.run, { concurrency: width })
    const within =
      (mostOverPeer === undefined || result.over <= mostOverPeer) &&
      (mostRatio === undefined || result.ratio <= mostRatio)
    tell({
      ...result,
      name: `${name}${concurrency.length > 1 || width > 1 ? `, ${width} at once` : ''}`,
      peerName: peer.name,
      bar: barOf(mostOverPeer, mostRatio),
      within,
    })
    if (!within && missed !== undefined) note(`${name}: ${missed}`)
  }
}

function barOf(mostOverPeer: number | undefined, mostRatio: number | undefined): string | undefined {
  if (mostOverPeer !== undefined) return micro(mostOverPeer)
  return mostRatio === undefined ? undefined : `ratio ${mostRatio}`
}
