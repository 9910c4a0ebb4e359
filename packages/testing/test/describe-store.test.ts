import { memoryStore, type Store } from '@behalf/core'
import { describeStore } from '../src/contract/index.ts'

/** A test of the suite sets another date: the store's clock is not the caller's. */
const machineNow = Date.now

function movableClock() {
  let offset = 0
  const now = () => machineNow() + offset * 1000
  const advance = (seconds: number) => {
    offset += seconds
  }
  return { clock: { now }, now: () => now() / 1000, advance }
}

/** The same data through another object, as a second connection to a database has it. */
function connection(data: Store): Store {
  return {
    specificationVersion: 2,
    durable: true,
    now: () => data.now(),
    get: (key) => data.get(key),
    put: (key, value, options) => data.put(key, value, options),
    delete: (key, options) => data.delete(key, options),
    claimDue: (queue, options) => data.claimDue(queue, options),
    list: (index, options) => data.list(index, options),
    increment: (key, options) => data.increment(key, options),
  }
}

describeStore('memory, with a movable clock', {
  async create() {
    const { clock, now, advance } = movableClock()
    return { store: memoryStore({ clock }), now, advance, close: async () => {} }
  },
})

describeStore('one that restarts', {
  async create() {
    const { clock, now, advance } = movableClock()
    const data = memoryStore({ clock })
    const restart = async () => connection(data)
    return { store: connection(data), restart, now, advance, close: async () => {} }
  },
})

describeStore('memory, in real time', {
  concurrent: true,
  create: async () => ({ store: memoryStore(), close: async () => {} }),
})
