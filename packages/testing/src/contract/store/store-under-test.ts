import type { Store } from '@behalf/core'

/** An empty store for one test. */
export interface StoreUnderTest {
  /** The store that the suite tries. */
  readonly store: Store
  /** Another `Store` over the same data, as after a restart, or in another process. Absent: the data ends with the store. */
  restart?(): Promise<Store>
  /** Moves the store's clock. Absent: the suite waits in real time. */
  advance?(seconds: number): void | Promise<void>
  /** Returns the time of the store's clock, in epoch seconds. @default the machine's */
  now?(): number
  /** Ends the store and removes its data. Called once, also after a failure. */
  close(): Promise<void>
}

/** Opens a fresh store for each test, and closes it after. */
export type WithStore = (test: (under: StoreUnderTest) => Promise<void>) => () => Promise<void>

export function withStore(create: () => Promise<StoreUnderTest>): WithStore {
  return (test) => async () => {
    for (let left = 5; left > 0; left--) {
      const under = await create()
      const began = performance.now()
      try {
        return await test(under)
      } catch (error) {
        // On a busy machine, a record may expire before the test reads it. That proves nothing about the store.
        const late = performance.now() - began - (waited.get(under) ?? 0)
        if (under.advance !== undefined || late < SLACK_MS || left === 1) throw error
      } finally {
        await under.close()
      }
    }
  }
}

/** Part of each test's time for its own steps, in milliseconds. */
const SLACK_MS = 900

/** Real time that each test has waited, in milliseconds. */
const waited = new WeakMap<StoreUnderTest, number>()

/** The real function, even while a test has set another date. */
const machineNow = Date.now

/** The store's time, in whole seconds. */
export function nowOf(under: StoreUnderTest): number {
  return Math.floor(under.now?.() ?? machineNow() / 1000)
}

/** Lets time pass for the store. */
export async function pass(under: StoreUnderTest, seconds: number): Promise<void> {
  if (under.advance !== undefined) return under.advance(seconds)
  const ms = seconds * 1000 + 50
  waited.set(under, (waited.get(under) ?? 0) + ms)
  await new Promise((resolve) => setTimeout(resolve, ms))
}

/** A value, from text. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Text, from a value. */
export function text(value: Uint8Array | undefined): string | undefined {
  return value && new TextDecoder().decode(value)
}

/** Writes, and requires that there was no conflict. @returns the version */
export async function mustPut(store: Store, ...args: Parameters<Store['put']>): Promise<string> {
  const version = await store.put(...args)
  if (version === 'conflict') throw new Error(`put ${args[0]} met a conflict`)
  return version
}

/** Creates an absent key. @returns the version */
export function create(
  store: Store,
  key: string,
  value = 'value',
  options: Omit<Parameters<Store['put']>[2], 'ifVersion'> = {},
): Promise<string> {
  return mustPut(store, key, bytes(value), { ifVersion: null, ...options })
}
