/** A source of numbers that a seed decides: the same seed, the same numbers. */
export interface Random {
  /** At least 0, below 1. */
  next(): number
  /** A whole number, at least 0, below `end`. */
  below(end: number): number
  pick<T>(from: readonly T[]): T
  /** True once in so many times, on average. */
  oneIn(times: number): boolean
}

/** The generator sfc32, whose state is filled from the text of the seed. */
export function randomOf(seed: string): Random {
  const state = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1]
  for (let at = 0; at < seed.length; at++) {
    const slot = at % 3
    state[slot] = Math.imul((state[slot] as number) ^ seed.charCodeAt(at), 0x01000193) >>> 0
  }
  const next = (): number => {
    const [a, b, c, d] = state as [number, number, number, number]
    const sum = (((a + b) | 0) + d) | 0
    state[0] = b ^ (b >>> 9)
    state[1] = (c + (c << 3)) | 0
    state[2] = (((c << 21) | (c >>> 11)) + sum) | 0
    state[3] = (d + 1) | 0
    return (sum >>> 0) / 4294967296
  }
  for (let warm = 0; warm < 16; warm++) next()
  const below = (end: number) => Math.floor(next() * end)
  return {
    next,
    below,
    pick: (from) => from[below(from.length)] as (typeof from)[number],
    oneIn: (times) => below(times) === 0,
  }
}
