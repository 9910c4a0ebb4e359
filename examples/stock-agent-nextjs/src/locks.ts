/** Runs work one at a time for each name, in this process. */
export interface Locks {
  /** Waits for its turn. @returns a function that ends the turn; further calls of it do nothing */
  take(name: string): Promise<() => void>
}

export function createLocks(): Locks {
  const last = new Map<string, Promise<void>>()
  return {
    async take(name) {
      const before = last.get(name)
      const { promise, resolve } = Promise.withResolvers<void>()
      last.set(name, promise)
      await before
      return () => {
        resolve()
        if (last.get(name) === promise) last.delete(name)
      }
    },
  }
}
