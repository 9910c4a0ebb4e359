import type { Store } from '../../../src/index.ts'

/** The same store, one of whose methods takes its time. */
export function slowStore(store: Store, slow: 'get' | 'list', wait: () => void): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        if (name === slow) wait()
        return value.apply(target, args)
      }
    },
  })
}
