import { memoryStore, type Store } from '@behalf/core'
import { expect, test } from 'vitest'
import { methodsOf } from '../methods-of.ts'
import { type Break, breaks } from './broken-stores.ts'
import { type Noted, type Operation, operationsOf } from './history.ts'
import { problemsIn } from './linearizable.ts'
import { RandomClient } from './random-client.ts'

const CLIENTS = 4
const OPERATIONS = 120
/** An operation of a broken store goes wrong once in so many times. */
const SELDOM = 4

/** The generator mulberry32: the same seed gives the same numbers. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    const mixed = Math.imul(state ^ (state >>> 15), state | 1)
    const again = mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61))
    return ((again ^ (again >>> 14)) >>> 0) / 4294967296
  }
}

/** A store whose requests and answers are on their way for a while, so that clients overtake each other. */
function far(store: Store, random: () => number): Store {
  const onItsWay = async () => {
    for (let left = Math.floor(random() * 6); left > 0; left--) await undefined
  }
  const through = async <T>(work: () => Promise<T>): Promise<T> => {
    await onItsWay()
    const answer = await work()
    await onItsWay()
    return answer
  }
  return {
    ...store,
    get: (key) => through(() => store.get(key)),
    put: (key, value, options) => through(() => store.put(key, value, options)),
    delete: (key, options) => through(() => store.delete(key, options)),
    claimDue: (queue, options) => through(() => store.claimDue(queue, options)),
    increment: (key, options) => through(() => store.increment(key, options)),
  }
}

/** The history of some clients on one store in memory. One seed gives one history. */
async function historyOf(seed: number, broken?: Break): Promise<readonly Operation[]> {
  const random = randomOf(seed)
  const memory = methodsOf(memoryStore())
  const store = far(broken?.(memory, () => random() * SELDOM < 1) ?? memory, random)
  let time = 0
  const one = async (_: unknown, place: number): Promise<readonly Operation[]> => {
    const name = `client${place + 1}`
    const noted: Noted[] = []
    const keys = { records: ['a', 'b'], counters: ['n'] }
    const note = (line: Noted) => void noted.push(line)
    const client = new RandomClient({ ...keys, name, store, random, note, elapsed: () => ++time })
    for (let left = OPERATIONS; left > 0; left--) await client.act()
    return operationsOf(name, noted)
  }
  return (await Promise.all(Array.from({ length: CLIENTS }, one))).flat()
}

const seeds = [1, 2, 3, 4, 5]

test.each(seeds)('the checker accepts a history of a store that keeps its promises, seed %i', async (seed) => {
  const history = await historyOf(seed)
  expect(problemsIn(history)).toEqual([])
  expect(history.filter(({ answered }) => answered === undefined)).toEqual([])
  expect(history).toHaveLength(CLIENTS * OPERATIONS)
  expect(new Set(history.map(({ asked }) => asked.do)).size).toBe(5)
})

test.each(Object.keys(breaks).flatMap((name) => seeds.map((seed) => [name, seed] as const)))(
  'the checker refuses a history with %s, seed %i',
  async (name, seed) => {
    const problems = problemsIn(await historyOf(seed, breaks[name]))
    expect(problems).not.toEqual([])
    expect(problems[0]).toMatch(/^[abn]: \d+ operations have an order/)
  },
)
