import { memoryStore } from '../../core/src/stores/index.ts'
import { describeStore } from '../src/contract/index.ts'

describeStore('memory', {
  async create() {
    let offset = 0
    const clock = { now: () => Date.now() + offset * 1000 }
    return {
      store: memoryStore({ clock }),
      advance: (seconds) => {
        offset += seconds
      },
      now: () => clock.now() / 1000,
      close: async () => {},
    }
  },
})
