import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { policy } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { schema, smallWorld } from './small-world.ts'

test(
  verifies('A14', 'reads the noes of a whole day at once, so that a store far away leaves time to ask'),
  async () => {
    const { guard, call, store, questions } = smallWorld()
    let underWay = 0
    let rounds = 0
    const behalf = guard({
      store: tapped(store, async (operation, _, next) => {
        if (operation !== 'list') return next()
        if (underWay++ === 0) rounds++
        await new Promise((resolve) => setImmediate(resolve))
        underWay--
        return next()
      }),
    })
    const closesForADay = policy(schema, {
      version: '1',
      approval: { message: () => 'Pay', askAgainAfterSeconds: 86_400 },
    })
    expect(await behalf.preflight(closesForADay, call())).toMatchObject({ status: 'interrupted' })
    expect(questions).toHaveLength(1)
    expect(rounds).toBeLessThan(20)
  },
)
