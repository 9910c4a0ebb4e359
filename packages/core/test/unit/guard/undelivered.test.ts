import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { policy } from '../../../src/index.ts'
import { elsewhere, tapped } from '../runs/harness.ts'
import { asks, schema, smallWorld, user, writes } from './small-world.ts'
import { leavesAtWrite, timedOut } from './timed-out.ts'

describe('a result that no caller got (A13)', () => {
  test(verifies('A13', 'the next equal call, under another slot, gets it in place of a run of its own'), async () => {
    const { behalf, call, running, end, bodies, body } = await timedOut()
    end()
    await running
    const joined = await behalf.run(writes, call({ slot: 'second try' }), body('two'))
    expect(joined).toMatchObject({ status: 'done', result: 'paid', replayed: true, ranAt: 1_800_000_000 })
    expect(await behalf.run(writes, call({ slot: 'second try' }), body('two'))).toMatchObject({ result: 'paid' })
    expect(bodies).toEqual([])
    // It is delivered now: a third call is one more action.
    expect(await behalf.run(writes, call({ slot: 'third' }), body('three'))).toMatchObject({ result: 'three' })
  })

  test('a caller that was aborted, and whose framework waits all the same, gets the result only by a call', async () => {
    const { behalf, call, running, end, bodies, body } = await timedOut()
    end()
    await running
    // A new turn: the model has read that the first call failed, and the user wants it once more.
    expect(await behalf.run(writes, call({ slot: 'turn 2' }), body('two'))).toMatchObject({ result: 'paid' })
    expect(await behalf.run(writes, call({ slot: 'turn 3' }), body('three'))).toMatchObject({ result: 'three' })
    expect(bodies).toEqual(['three'])
  })

  test('a call that comes while the body still runs waits for it, and gets it', async () => {
    const { behalf, call, running, end, bodies, body } = await timedOut()
    const second = behalf.run(writes, call({ slot: 'second try' }), body('two'))
    end()
    expect(await second).toMatchObject({ status: 'done', result: 'paid', replayed: true })
    await running
    expect(bodies).toEqual([])
  })

  test('of two calls at once, one gets it at least, and what the other one did is not done again', async () => {
    const { behalf, guard, store, call, running, end, bodies, body } = await timedOut()
    end()
    await running
    const other = guard({ store: elsewhere(store) })
    const both = await Promise.all([
      behalf.run(writes, call({ slot: 'a' }), body('a')),
      other.run(writes, call({ slot: 'b' }), body('b')),
    ])
    const replayed = both.filter((each) => each.status === 'done' && each.replayed === true)
    expect(replayed.length + bodies.length).toBe(2)
    expect(replayed.length).toBeGreaterThan(0)
    const ran = [...bodies]
    for (const slot of ['a', 'b']) {
      expect(await behalf.run(writes, call({ slot }), body('again'))).toMatchObject({ status: 'done', replayed: true })
    }
    expect(bodies).toEqual(ran)
  })

  test('with an approval, the person is not asked once more', async () => {
    const { behalf, call, running, end, bodies, body, questions } = await timedOut(asks)
    end()
    await running
    expect(await behalf.preflight(asks, call({ slot: 'second try' }))).toMatchObject({ status: 'ready' })
    expect(await behalf.run(asks, call({ slot: 'second try' }), body('two'))).toMatchObject({ result: 'paid' })
    expect(bodies).toEqual([])
    expect(questions).toHaveLength(1)
  })

  test('a call under the same slot gets it, as always, and it waits for an equal call no more', async () => {
    const { behalf, call, running, end, body } = await timedOut()
    end()
    await running
    expect(await behalf.run(writes, call(), body('two'))).toMatchObject({ result: 'paid', replayed: true })
  })

  test('a slot with an open question of its own gets it, and its question is withdrawn', async () => {
    const world = smallWorld()
    const withdrawn: string[] = []
    const cancel = async (_: unknown, { questionId }: { questionId: string }) => void withdrawn.push(questionId)
    const approvals = { ...world.channel, cancel }
    const behalf = world.guard({ store: world.store, approvals })
    const v2 = policy(schema, { version: '2', approval: { message: () => 'Pay it' } })
    await behalf.run(asks, world.call(), () => 'never')
    await behalf.run(v2, world.call({ slot: 'own' }), () => 'never')
    expect(world.questions).toHaveLength(2)
    world.answers(() => ({ status: world.looks.length === 1 ? 'approved' : 'pending' }))
    world.clock.advance(6)
    const controller = new AbortController()
    const left = behalf.run(asks, world.call({ signal: controller.signal }), () => {
      controller.abort(new Error('left'))
      return 'paid'
    })
    await expect(left).rejects.toThrow('left')
    expect(await behalf.run(v2, world.call({ slot: 'own' }), () => 'two')).toMatchObject({ result: 'paid' })
    await expect.poll(() => withdrawn).toEqual([world.questions[1]?.questionId])
    expect(await behalf.approvals.list({ identity: user(), as: 'approver' })).toEqual([])
  })

  test(
    verifies('A12', 'an agent does not take the slot of its user with it, nor withdraw the question there'),
    async () => {
      const world = smallWorld()
      const withdrawn: string[] = []
      const cancel = async (_: unknown, { questionId }: { questionId: string }) => void withdrawn.push(questionId)
      const behalf = world.guard({ store: world.store, approvals: { ...world.channel, cancel } })
      const agent = user({ actor: { issuer: user().issuer, subject: 'agent:helper' } })
      const answer = (status: 'approved' | 'pending') => {
        world.answers({ status })
        world.clock.advance(31)
      }
      await behalf.run(asks, world.call({ identity: agent, slot: 'of the agent' }), () => 'never')
      answer('approved')
      const controller = new AbortController()
      const left = behalf.run(
        asks,
        world.call({ identity: agent, slot: 'of the agent', signal: controller.signal }),
        () => {
          controller.abort(new Error('left'))
          return 'paid for the agent'
        },
      )
      await expect(left).rejects.toThrow('left')
      answer('pending')
      await behalf.run(asks, world.call({ slot: 'of the user' }), () => 'never')
      const taken = world.call({ identity: agent, slot: 'of the user' })
      expect(await behalf.run(asks, taken, () => 'never')).toMatchObject({ code: 'not_permitted' })
      answer('approved')
      expect(await behalf.run(asks, world.call({ slot: 'of the user' }), () => 'paid')).toMatchObject({
        result: 'paid',
      })
      expect(withdrawn).toEqual([])
    },
  )

  test('a user does not take the fresh yes of an agent with it', async () => {
    const world = smallWorld()
    const behalf = world.guard({ store: world.store })
    const agent = user({ actor: { issuer: user().issuer, subject: 'agent:helper' } })
    const slots = { user: world.call({ slot: 'of the user' }), agent: world.call({ slot: 'own', identity: agent }) }
    await behalf.run(asks, slots.user, () => 'never')
    await behalf.run(asks, slots.agent, () => 'never')
    world.answers({ status: 'approved' })
    world.clock.advance(31)
    const controller = new AbortController()
    const left = behalf.run(asks, { ...slots.user, signal: controller.signal }, () => {
      controller.abort(new Error('left'))
      return 'paid'
    })
    await expect(left).rejects.toThrow('left')
    await behalf.preflight(asks, slots.agent)
    const early = world.guard({ store: world.store, timeoutMs: 600 })
    expect(await early.run(asks, { ...slots.agent, identity: user() }, () => 'never')).toMatchObject({
      status: 'unavailable',
    })
    expect(await behalf.run(asks, slots.agent, () => 'paid too')).toMatchObject({ result: 'paid too' })
  })

  test('a question that another slot has adopted meanwhile is not withdrawn', async () => {
    const world = smallWorld()
    const v2 = policy(schema, { version: '2', approval: { message: () => 'Pay it' } })
    const [holdsThird, holdsOwn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const [thirdWaits, ownWaits] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const held = (operation: string, prefix: string, waits: () => void, until: Promise<void>) =>
      tapped(elsewhere(world.store), async (each, key, next) => {
        if (each !== operation || !key.startsWith(prefix)) return next()
        waits()
        await until
        return next()
      })
    const behalf = world.guard({ store: world.store })
    await behalf.run(asks, world.call(), () => 'never')
    await behalf.run(v2, world.call({ slot: 'own' }), () => 'never')
    world.answers(() => ({ status: world.looks.length === 1 ? 'approved' : 'pending' }))
    world.clock.advance(6)
    const third = world
      .guard({ store: held('get', 'open:', thirdWaits.resolve, holdsThird.promise) })
      .run(v2, world.call({ slot: 'third' }), () => 'third')
    await thirdWaits.promise
    const controller = new AbortController()
    const left = behalf.run(asks, world.call({ signal: controller.signal }), () => {
      controller.abort(new Error('left'))
      return 'paid'
    })
    await expect(left).rejects.toThrow('left')
    const own = world
      .guard({ store: held('put', 'slot:', ownWaits.resolve, holdsOwn.promise) })
      .run(v2, world.call({ slot: 'own' }), () => 'own')
    await ownWaits.promise
    holdsThird.resolve()
    expect(await third).toMatchObject({ status: 'interrupted' })
    holdsOwn.resolve()
    expect(await own).toMatchObject({ result: 'paid', replayed: true })
    world.answers({ status: 'approved' })
    world.clock.advance(31)
    expect(await behalf.run(v2, world.call({ slot: 'third' }), () => 'third')).toMatchObject({ result: 'third' })
  })

  test(verifies('A12', 'another kind of caller is neither told nor blocked'), async () => {
    const { behalf, call, running, end, body } = await timedOut()
    end()
    await running
    const identity = user({ actor: { issuer: user().issuer, subject: 'agent:other' } })
    const other = await behalf.run(writes, call({ slot: 'other', identity }), body('of the other'))
    expect(other).toMatchObject({ status: 'done', result: 'of the other' })
  })

  test('after `inDoubtSeconds` an equal call is one more action', async () => {
    const { behalf, call, running, end, body, clock } = await timedOut()
    end()
    await running
    clock.advance(3601)
    expect(await behalf.run(writes, call({ slot: 'much later' }), body('two'))).toMatchObject({ result: 'two' })
  })

  test('with `perCall` the question says that an equal request was done, and its result may be unseen', async () => {
    const perCall = policy(schema, {
      version: '1',
      approval: { message: ({ input }) => `Pay ${input.amount}`, perCall: true },
    })
    const { behalf, call, running, end, questions } = await timedOut(perCall as never)
    end()
    await running
    await behalf.run(perCall, call({ slot: 'second try' }), () => 'never')
    expect(questions.at(-1)?.message).toMatch(
      /^An equal request of 2027-01-15 [\d:]{8} UTC was done, and its result may be unseen\. Pay 50$/,
    )
  })

  test(verifies('A13', 'a result that cannot be stored leaves the run in doubt'), async () => {
    const { behalf, call, running, end, body } = await timedOut(writes, new Map())
    end()
    await running
    for (const slot of [['thread', 'call'] as const, 'second try']) {
      expect(await behalf.run(writes, call({ slot }), body('two'))).toMatchObject({ code: 'unknown_outcome' })
    }
  })

  test('the reader of a stream gets no end once its caller has left', async () => {
    const { guard, store, call } = smallWorld()
    const behalf = guard({ store })
    const controller = new AbortController()
    const end = Promise.withResolvers<void>()
    const running = await behalf.run(writes, call({ signal: controller.signal }), async function* () {
      yield 'piece'
      await end.promise
      return 'receipt'
    })
    const steps = (running as unknown as { readonly result: AsyncGenerator<string, string> }).result
    await steps.next()
    const last = steps.next()
    controller.abort(new Error('left'))
    end.resolve()
    await expect(last).rejects.toThrow('left')
    expect(await behalf.run(writes, call({ slot: 'two' }), () => 'twice')).toMatchObject({ result: 'receipt' })
    expect(await behalf.run(writes, call({ slot: 'three' }), () => 'once more')).toMatchObject({ result: 'once more' })
  })

  test(verifies('A13', 'after a hundred slots that did not get it, no further one runs it again'), async () => {
    const { behalf, guard, store, call, running, end, bodies, body } = await timedOut()
    end()
    await running
    let leaving = new AbortController()
    const impatient = guard({ store: leavesAtWrite(store, () => leaving.abort(new Error('left'))) })
    for (let slot = 1; slot < 100; slot++) {
      leaving = new AbortController()
      const left = impatient.run(writes, call({ slot: `${slot}`, signal: leaving.signal }), body('again'))
      await expect(left).rejects.toThrow('left')
    }
    const last = await guard({ timeoutMs: 600 }).run(writes, call({ slot: 'the 101st' }), body('again'))
    expect(last).toMatchObject({ status: 'unavailable' })
    expect(await behalf.run(writes, call({ slot: '99' }), body('again'))).toMatchObject({ result: 'paid' })
    expect(bodies).toEqual([])
  })

  test('a yes to its own question is used, also if it has not been polled yet', async () => {
    for (const isPolled of [true, false]) {
      const world = smallWorld()
      const behalf = world.guard({ store: world.store })
      const v2 = policy(schema, { version: '2', approval: { message: () => 'Pay it' } })
      await behalf.run(asks, world.call(), () => 'never')
      await behalf.run(v2, world.call({ slot: 'own' }), () => 'never')
      world.answers({ status: 'approved' })
      world.clock.advance(31)
      if (isPolled) expect(await behalf.preflight(v2, world.call({ slot: 'own' }))).toMatchObject({ status: 'ready' })
      const controller = new AbortController()
      const left = behalf.run(asks, world.call({ signal: controller.signal }), () => {
        controller.abort(new Error('left'))
        return 'paid'
      })
      await expect(left).rejects.toThrow('left')
      expect(await behalf.run(v2, world.call({ slot: 'own' }), () => 'paid too')).toMatchObject({ result: 'paid too' })
      expect(await behalf.run(v2, world.call({ slot: 'third' }), () => 'never')).toMatchObject({ result: 'paid' })
    }
  })

  test('a yes to its own question that comes while it gets the result stays for the next equal call', async () => {
    const world = smallWorld()
    const behalf = world.guard({ store: world.store })
    const v2 = policy(schema, { version: '2', approval: { message: () => 'Pay it' } })
    await behalf.run(asks, world.call(), () => 'never')
    await behalf.run(v2, world.call({ slot: 'own' }), () => 'never')
    world.answers(() => ({ status: world.looks.length === 1 ? 'approved' : 'pending' }))
    world.clock.advance(6)
    const controller = new AbortController()
    const left = behalf.run(asks, world.call({ signal: controller.signal }), () => {
      controller.abort(new Error('left'))
      return 'paid'
    })
    await expect(left).rejects.toThrow('left')
    const [joins, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slow = tapped(world.store, async (operation, key, next) => {
      if (operation !== 'put' || !key.startsWith('slot:')) return next()
      joins.resolve()
      await goesOn.promise
      return next()
    })
    const own = world.guard({ store: slow }).run(v2, world.call({ slot: 'own' }), () => 'never')
    await joins.promise
    world.answers({ status: 'approved' })
    world.clock.advance(31)
    await world.guard().preflight(v2, world.call({ slot: 'own' }))
    goesOn.resolve()
    expect(await own).toMatchObject({ result: 'paid', replayed: true })
    world.answers({ status: 'pending' })
    expect(await behalf.run(v2, world.call({ slot: 'next' }), () => 'paid too')).toMatchObject({ result: 'paid too' })
    expect(world.questions).toHaveLength(2)
  })

  test('a caller that leaves while the result is written has not got it either', async () => {
    const world = smallWorld()
    const controller = new AbortController()
    let isEnding = false
    const behalf = world.guard({
      store: leavesAtWrite(world.store, () => isEnding && controller.abort(new Error('left'))),
    })
    const left = behalf.run(writes, world.call({ signal: controller.signal }), () => {
      isEnding = true
      return 'paid'
    })
    await expect(left).rejects.toThrow('left')
    expect(await behalf.run(writes, world.call({ slot: 'two' }), () => 'twice')).toMatchObject({ result: 'paid' })
  })
})
