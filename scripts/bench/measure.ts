/** One result. Times in microseconds a call; medians over the rounds. */
export interface Measurement {
  readonly run: number
  readonly peer: number
  /** Median of the rounds' own ratios, not the ratio of the medians. */
  readonly ratio: number
  readonly over: number
  /** The middle half of the rounds lies between these. */
  readonly overSpread: readonly [lower: number, upper: number]
}

const ROUNDS = 101
const ROUND_MS = 5
const WARM_UP_MS = 300

type Batch = (calls: number) => Promise<number>

/** Measures two functions in turn and compares them round by round. */
export async function measure(
  run: () => unknown,
  peer: () => unknown,
  { concurrency = 1, rounds = ROUNDS }: { readonly concurrency?: number; readonly rounds?: number } = {},
): Promise<Measurement> {
  const asynchronous = isThenable(run()) || isThenable(peer())
  const batchOf = (work: () => unknown) => (asynchronous ? awaited(work, concurrency) : repeated(work))
  const sides = [batchOf(run), batchOf(peer)] as const
  const calls = [await calibrate(sides[0]), await calibrate(sides[1])] as const
  const times: { run: number; peer: number }[] = []
  for (let round = 0; round < rounds; round++) {
    // Whoever comes second finds a warmer cache and a fuller heap: they take turns at it.
    if (round % 2 === 0) {
      const first = await sides[0](calls[0])
      times.push({ run: first, peer: await sides[1](calls[1]) })
    } else {
      const first = await sides[1](calls[1])
      times.push({ run: await sides[0](calls[0]), peer: first })
    }
  }
  const overs = times.map((time) => time.run - time.peer)
  return {
    run: quantile(
      times.map((time) => time.run),
      0.5,
    ),
    peer: quantile(
      times.map((time) => time.peer),
      0.5,
    ),
    ratio: quantile(
      times.map((time) => time.run / time.peer),
      0.5,
    ),
    over: quantile(overs, 0.5),
    overSpread: [quantile(overs, 0.25), quantile(overs, 0.75)],
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

/** What was computed last: a result that nobody reads could be optimised away with its computation. */
export let sink: unknown

/** Microseconds a call. */
function repeated(work: () => unknown): Batch {
  return async (calls) => {
    const began = performance.now()
    for (let call = 0; call < calls; call++) sink = work()
    return ((performance.now() - began) * 1000) / calls
  }
}

/** Microseconds a call, with `concurrency` calls under way at once. */
function awaited(work: () => unknown, concurrency: number): Batch {
  return async (calls) => {
    const began = performance.now()
    if (concurrency === 1) {
      for (let call = 0; call < calls; call++) sink = await work()
      return ((performance.now() - began) * 1000) / calls
    }
    const waves = Math.ceil(calls / concurrency)
    for (let wave = 0; wave < waves; wave++) sink = await Promise.all(Array.from({ length: concurrency }, work))
    return ((performance.now() - began) * 1000) / (waves * concurrency)
  }
}

/** Runs until the code is warm. @returns how many calls fill a round */
async function calibrate(batch: Batch): Promise<number> {
  const until = performance.now() + WARM_UP_MS
  let calls = 1
  do {
    const microseconds = await batch(calls)
    calls = Math.max(1, Math.min(calls * 2, Math.round((ROUND_MS * 1000) / microseconds)))
  } while (performance.now() < until)
  return calls
}

/** The value below which a share of the numbers lies. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
