import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { may, object, policy, TransportError } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { asks, schema, smallWorld, writes } from './small-world.ts'
import { leavesAtWrite, timedOut, waiting } from './timed-out.ts'

describe('a result counts as delivered when a caller has it, and not before (A13)', () => {
  const permitted = policy(schema, {
    version: '1',
    effect: 'write',
    permission: () => may('can_view', object('portfolio', 'p')),
  })

  test(verifies('A13', 'a call that waited for it and was refused leaves it to the next one'), async () => {
    const { guard, store, call } = smallWorld()
    let isDown = false
    const check = async () => {
      if (isDown) throw new TransportError('the permission server is away')
      return { allowed: true, checks: [{ question: 'u r o', allowed: true }] }
    }
    const behalf = guard({ store, permissions: { check } as never })
    const controller = new AbortController()
    const { waits, began, end } = waiting('paid')
    const first = behalf.run(permitted, call({ signal: controller.signal }), waits)
    await began
    controller.abort(new Error('the tool timed out'))
    const second = behalf.run(permitted, call({ slot: 'two' }), () => 'two')
    await new Promise((resolve) => setTimeout(resolve, 30))
    isDown = true
    end()
    await expect(first).rejects.toThrow('the tool timed out')
    expect(await second).toMatchObject({
      status: 'unavailable',
      message: expect.stringContaining('unless an earlier call has done the action'),
    })
    isDown = false
    expect(await behalf.run(permitted, call({ slot: 'three' }), () => 'three')).toMatchObject({ result: 'paid' })
  })

  test('a call whose own tool times out while it joins leaves it to the next one', async () => {
    const { behalf, guard, store, call, running, end } = await timedOut()
    end()
    await running
    const controller = new AbortController()
    const leaves = leavesAtWrite(store, () => controller.abort(new Error('timed out too')))
    const second = guard({ store: leaves }).run(writes, call({ slot: 'two', signal: controller.signal }), () => 'two')
    await expect(second).rejects.toThrow('timed out too')
    expect(await behalf.run(writes, call({ slot: 'three' }), () => 'three')).toMatchObject({ result: 'paid' })
  })

  test('once its own slot has it, an equal call is one more action', async () => {
    const { behalf, call, running, end } = await timedOut()
    end()
    await running
    expect(await behalf.run(writes, call(), () => 'again')).toMatchObject({ result: 'paid', replayed: true })
    expect(await behalf.run(writes, call({ slot: 'a new order' }), () => 'new')).toMatchObject({ result: 'new' })
  })

  test('once its own slot has it, a question of `perCall` tells no one of it', async () => {
    const perCall = policy(schema, { version: '1', approval: { message: () => 'Pay', perCall: true } })
    const { behalf, call, running, end, questions } = await timedOut(perCall)
    end()
    await running
    await behalf.run(perCall, call(), () => 'again')
    await behalf.run(perCall, call({ slot: 'next month' }), () => 'never')
    expect(questions.at(-1)?.message).toBe('Pay')
  })

  test(verifies('A13', 'a slot that was told to ask again gets it, also under a new call id'), async () => {
    const { guard, call } = smallWorld()
    const [one, two] = [guard(), guard({ timeoutMs: 800 })]
    const { waits, began, end } = waiting('paid')
    const first = one.run(writes, call(), waits)
    await began
    // The framework resumes the thread in another process.
    const again = await two.run(writes, call(), () => 'two')
    expect(again).toMatchObject({ status: 'unavailable', message: expect.stringContaining('for its result') })
    end()
    expect(await first).toMatchObject({ result: 'paid' })
    expect(await two.run(writes, call({ slot: 'call-2' }), () => 'three')).toMatchObject({
      result: 'paid',
      replayed: true,
    })
  })

  test('of two equal approved calls of a tool that streams, the second one gets it, and no one is asked again', async () => {
    const { guard, store, call, answers, clock, questions } = smallWorld()
    const behalf = guard({ store })
    for (const slot of ['a', 'b']) await behalf.run(asks, call({ slot }), () => 'never')
    answers({ status: 'approved' })
    clock.advance(20)
    const end = Promise.withResolvers<void>()
    const first = await behalf.run(asks, call({ slot: 'a' }), async function* () {
      yield 'piece'
      await end.promise
      return 'paid'
    })
    const stream = (first as unknown as { readonly result: AsyncGenerator<string, string> }).result
    await stream.next()
    expect(await behalf.run(asks, call({ slot: 'b' }), () => 'never')).toMatchObject({ status: 'unavailable' })
    end.resolve()
    expect(await stream.next()).toMatchObject({ done: true, value: 'paid' })
    answers({ status: 'pending' })
    expect(await behalf.run(asks, call({ slot: 'c' }), () => 'never')).toMatchObject({ result: 'paid', replayed: true })
    expect(questions).toHaveLength(1)
  })

  test('with `perCall`, a call that is not asked about gets it', async () => {
    const when = ({ input }: { readonly input: { readonly amount: number } }) => input.amount > 100
    const perCall = policy(schema, { version: '1', approval: { when, message: () => 'Pay', perCall: true } })
    const { guard, store, call } = smallWorld()
    const behalf = guard({ store })
    const controller = new AbortController()
    const left = behalf.run(perCall, call({ signal: controller.signal }), () => {
      controller.abort(new Error('the tool timed out'))
      return 'paid'
    })
    await expect(left).rejects.toThrow('the tool timed out')
    expect(await behalf.run(perCall, call({ slot: 'two' }), () => 'two')).toMatchObject({ result: 'paid' })
  })

  test('one slot in two processes has one run, also if another slot has got it meanwhile', async () => {
    const { behalf, guard, store, call, running, end, bodies, body } = await timedOut()
    end()
    await running
    const held: (() => void)[] = []
    /** A process that stands still before it reads the slot again, after it has found the result. */
    const slow = () => {
      let [hasListed, isHeld] = [false, false]
      const tried = tapped(store, async (operation, key, next) => {
        hasListed ||= operation === 'list'
        if (!hasListed || isHeld || operation !== 'get' || !key.startsWith('slot:')) return next()
        isHeld = true
        await new Promise<void>((resolve) => held.push(resolve))
        return next()
      })
      return guard({ store: tried })
    }
    const one = slow().run(writes, call({ slot: 'a' }), body('a in one'))
    const two = slow().run(writes, call({ slot: 'a' }), body('a in two'))
    await expect.poll(() => held).toHaveLength(2)
    expect(await behalf.run(writes, call({ slot: 'b' }), body('b'))).toMatchObject({ result: 'paid' })
    held[0]?.()
    await one
    held[1]?.()
    await two
    expect(bodies).toHaveLength(1)
  })

  test('a caller that leaves while the lease of its run is released has not got it', async () => {
    const { guard, store, call } = smallWorld()
    const controller = new AbortController()
    let isEnded = false
    const slow = tapped(store, (operation, key, next) => {
      if (isEnded && operation === 'delete' && key.startsWith('lease:')) controller.abort(new Error('timed out'))
      return next()
    })
    const behalf = guard({ store: slow })
    const left = behalf.run(writes, call({ signal: controller.signal }), () => {
      isEnded = true
      return 'paid'
    })
    await expect(left).rejects.toThrow('timed out')
    expect(await behalf.run(writes, call({ slot: 'new id' }), () => 'again')).toMatchObject({ result: 'paid' })
  })

  test('a call that waits for it runs nothing where its caller left during a slow write, or during an outage', async () => {
    for (const isOutage of [true, false]) {
      const { guard, store, call } = smallWorld()
      const controller = new AbortController()
      let writesLeft = Number.POSITIVE_INFINITY
      const late = isOutage
        ? () => Promise.reject(new StoreError('unavailable', 'away for a moment'))
        : () => new Promise((resolve) => setTimeout(resolve, 100))
      const tried = tapped(store, async (operation, key, next) => {
        if (operation !== 'put' || !key.startsWith('run:')) return next()
        writesLeft--
        if (writesLeft === 1) return next().finally(() => controller.abort(new Error('left')))
        if (writesLeft === 0) await late()
        return next()
      })
      const behalf = guard({ store: tried })
      const { waits, began, end } = waiting('paid')
      const first = behalf.run(writes, call({ signal: controller.signal }), async () => {
        const result = await waits()
        writesLeft = 2
        return result
      })
      await began
      const second = behalf.run(writes, call({ slot: 'two' }), () => 'two')
      await new Promise((resolve) => setTimeout(resolve, 20))
      end()
      await expect(first).rejects.toThrow('left')
      expect(await second, `${isOutage}`).toMatchObject({ result: 'paid', replayed: true })
    }
  })
})
