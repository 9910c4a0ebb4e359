import type { Store } from '@behalf/core'

const value = new Uint8Array([1])

/** Claims of approvals, one after another in each of several flows, until it is stopped. */
export interface Claims {
  /** What the store said was written, in that order. */
  readonly told: readonly string[]
  /** Waits until so many more were told. */
  more(count: number): Promise<void>
  stop(): Promise<void>
}

/** Begins to claim. What fails is not counted: its caller knows that it does not know. */
export function claimOn(store: Store, flows = 4): Claims {
  const told: string[] = []
  let stopped = false
  let next = 0
  const flow = async () => {
    while (!stopped) {
      const key = `claim ${next++}`
      try {
        if ((await store.put(key, value, { ifVersion: null })) !== 'conflict') told.push(key)
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }
  const running = Promise.all(Array.from({ length: flows }, flow))
  return {
    told,
    async more(count) {
      const wanted = told.length + count
      while (told.length < wanted) await new Promise((resolve) => setTimeout(resolve, 5))
    },
    async stop() {
      stopped = true
      await running
    },
  }
}

/** How many of the claims that were told as written a store does not know: each could be claimed again. */
export async function forgottenBy(store: Store, told: readonly string[]): Promise<number> {
  let count = 0
  for (const key of told) if ((await store.get(key)) === undefined) count++
  return count
}
