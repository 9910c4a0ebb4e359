import type { Store } from '../../../src/index.ts'

/** A store, some of whose methods a test replaces. */
export function overStore(store: Store, over: Partial<Store>): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const own = over[name as keyof Store]
      if (own !== undefined) return own
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
