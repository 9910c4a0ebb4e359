import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { tapped } from '../approvals/harness.ts'
import { quiet } from './passing-time.ts'
import { asks, smallWorld, user } from './small-world.ts'

const DAY = 86_400

test(
  verifies('A12', 'a slot whose process died before its run listed it finds the run as long as the others do'),
  async () => {
    const { guard, call, clock, store, answers } = smallWorld()
    const behalf = guard()
    const identity = () => user({ claims: { iat: clock.now() / 1000 } })
    const at = (slot: string) => call({ slot, identity: identity() })
    await behalf.preflight(asks, at('one'))
    const died = Promise.withResolvers<void>()
    const dying = guard({
      store: tapped(store, (operation, key, next) => {
        if (operation !== 'put' || !key.startsWith('run:')) return next()
        died.resolve()
        return new Promise(() => {})
      }),
    })
    void dying.preflight(asks, at('two'))
    await died.promise
    await quiet()
    answers({ status: 'approved' })
    clock.advance(6)
    const throws = () => Promise.reject(new Error('the API said 500'))
    await expect(behalf.run(asks, at('two'), throws)).rejects.toThrow('the API said 500')
    clock.advance(29 * DAY)
    const [stuck] = await behalf.approvals.list({ identity: identity(), as: 'owner' })
    await behalf.approvals.resolve(stuck?.id ?? '', 'ran', { identity: identity(), result: 'paid' })
    clock.advance(4 * DAY)
    for (const slot of ['one', 'two']) {
      expect(await behalf.run(asks, at(slot), () => 'paid again'), slot).toMatchObject({
        status: 'done',
        result: 'paid',
      })
    }
  },
)
