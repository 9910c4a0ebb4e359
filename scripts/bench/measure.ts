/** One result. Times in microseconds a call; medians over the rounds. */
export interface Measurement {
  /** Wall-clock time, like `peer` and `ratio`. */
  readonly run: number
  readonly peer: number
  /** Median of the ratios of the rounds, not the ratio of the medians. */
  readonly ratio: number
  /**
   * Additional processor time over its peer, of all threads of the process. In wall-clock time, a few microseconds
   * would be lost in the machine's other work.
   */
  readonly over: number
  /** The middle half of the rounds is between these values. */
  readonly overSpread: readonly [lower: number, upper: number]
}

export const ROUNDS = 151
/**
 * Long enough for several garbage collections. If one round had a collection and its peer had none, the result would
 * show only that.
 */
const ROUND_MS = 20
/** The code counts as warm if it got no faster in this number of spells of the same length. */
const STEADY_SPELLS = 5
const SPELL_MS = 300
const MOST_WARM_UP_MS = 15_000

/** Microseconds a call. */
interface Cost {
  readonly wall: number
  readonly work: number
}

type Batch = (calls: number) => Promise<Cost>

/** Measures two functions alternately and compares them round by round. */
export async function measure(
  run: () => unknown,
  peer: () => unknown,
  options: { readonly concurrency?: number; readonly rounds?: number; readonly steadySpells?: number } = {},
): Promise<Measurement> {
  const { concurrency = 1, rounds = ROUNDS, steadySpells = STEADY_SPELLS } = options
  const asynchronous = isThenable(run()) || isThenable(peer())
  const batchOf = (work: () => unknown) => (asynchronous ? awaited(work, concurrency) : repeated(work))
  const sides = [batchOf(run), batchOf(peer)] as const
  const calls = [await calibrate(sides[0], steadySpells), await calibrate(sides[1], steadySpells)] as const
  const costs: { run: Cost; peer: Cost }[] = []
  for (let round = 0; round < rounds; round++) {
    // The second side finds a warmer cache and a fuller heap, so the sides alternate.
    const before = round % 2 === 0 ? await sides[0](calls[0]) : undefined
    const peerCost = await sides[1](calls[1])
    costs.push({ run: before ?? (await sides[0](calls[0])), peer: peerCost })
  }
  const overs = costs.map(({ run: own, peer: others }) => own.work - others.work)
  return {
    run: median(costs.map((cost) => cost.run.wall)),
    peer: median(costs.map((cost) => cost.peer.wall)),
    ratio: median(costs.map((cost) => cost.run.wall / cost.peer.wall)),
    over: median(overs),
    overSpread: [quantile(overs, 0.25), quantile(overs, 0.75)],
  }
}

const median = (numbers: readonly number[]) => quantile(numbers, 0.5)

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

/** The last result: an unused result could be optimised away with its computation. */
export let sink: unknown

/** Starts to count. The returned function returns the average cost of this number of calls. */
function count(): (calls: number) => Cost {
  const before = process.cpuUsage()
  const began = performance.now()
  return (calls) => {
    const wall = (performance.now() - began) * 1000
    const { user, system } = process.cpuUsage(before)
    return { wall: wall / calls, work: (user + system) / calls }
  }
}

function repeated(work: () => unknown): Batch {
  return async (calls) => {
    const counted = count()
    for (let call = 0; call < calls; call++) sink = work()
    return counted(calls)
  }
}

/** Runs calls with `concurrency` of them under way at once. */
function awaited(work: () => unknown, concurrency: number): Batch {
  return async (calls) => {
    const counted = count()
    if (concurrency === 1) {
      for (let call = 0; call < calls; call++) sink = await work()
      return counted(calls)
    }
    const waves = Math.ceil(calls / concurrency)
    for (let wave = 0; wave < waves; wave++) sink = await Promise.all(Array.from({ length: concurrency }, work))
    return counted(waves * concurrency)
  }
}

/**
 * Runs until the code gets no faster: large code is compiled piece by piece.
 *
 * @returns how many calls fill a round
 */
async function calibrate(batch: Batch, steadySpells: number): Promise<number> {
  const until = performance.now() + MOST_WARM_UP_MS
  let calls = 1
  let best = Number.POSITIVE_INFINITY
  for (let still = 0; still < steadySpells && performance.now() < until; ) {
    const spell = performance.now() + SPELL_MS
    let fastest = Number.POSITIVE_INFINITY
    do {
      const { wall } = await batch(calls)
      fastest = Math.min(fastest, wall)
      calls = Math.max(1, Math.min(calls * 2, Math.round((ROUND_MS * 1000) / wall)))
    } while (performance.now() < spell)
    still = fastest < best * 0.97 ? 0 : still + 1
    best = Math.min(best, fastest)
  }
  return calls
}

/** Returns the value below which this share of the numbers lies. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
