import { describeProtocol } from '../src/contract/index.ts'
import { mockTarget } from '../src/index.ts'

describeProtocol('msw', {
  capabilities: [
    'token-exchange',
    'token-vault',
    'ciba',
    'authorization-details',
    'id-jag',
    'faults',
    'request-log',
    'controlled-time',
  ],
  async create() {
    let offset = 0
    const clock = { now: () => Date.now() + offset }
    const target = await mockTarget({ algorithm: 'ES256', clock, ciba: { interval: 1 } })
    return {
      target,
      clock,
      async wait(seconds) {
        offset += seconds * 1000
      },
    }
  },
})
