import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { policy } from '../../../src/index.ts'
import { api, asks, type Body, blind, mail, vault, writes } from './in-doubt-world.ts'
import { schema, smallWorld, user } from './small-world.ts'

describe('while an equal run is in doubt', () => {
  test(verifies('A13', 'a call that needs no approval is refused for an hour, and then runs'), async () => {
    const { run, state, request, clock } = api()
    state.status = 500
    await run(writes, 'one', request('POST'))
    state.status = 200
    clock.advance(3599)
    expect(await run(writes, 'two', request('POST'))).toMatchObject({ code: 'unknown_outcome' })
    expect(await run(writes, 'other', request('POST'), { input: { amount: 1 } })).toMatchObject({ status: 'done' })
    clock.advance(2)
    expect(await run(writes, 'three', request('POST'))).toMatchObject({ status: 'done' })
    expect(await run(writes, 'one', request('POST'))).toMatchObject({ code: 'unknown_outcome' })
  })

  test.each([
    ['an hour behind wrote it', -3700, 0],
    ['an hour ahead reads it', 0, 3700],
    ['an hour behind reads it', 0, -3700],
  ])(
    verifies('A13', 'the hour counts by the clock of the store, also where a process whose clock is %s'),
    async (_, writer, reader) => {
      const { guard, call, clock } = smallWorld()
      const process = (seconds: number) => guard({ clock: { now: () => clock.now() + seconds * 1000 } })
      const identity = user({ claims: { iat: 1_799_990_000 } })
      const lost = () => Promise.reject(new Error('gone'))
      await expect(process(writer).run(blind, call({ slot: 'one', identity }), lost)).rejects.toThrow('gone')
      clock.advance(3590)
      const run = (slot: string) => process(reader).run(blind, call({ slot, identity }), () => 'ran')
      expect(await run('two')).toMatchObject({ code: 'unknown_outcome' })
      clock.advance(20)
      expect(await run('three')).toMatchObject({ status: 'done' })
    },
  )

  test(verifies('A13', 'and also where such a process found that its body had died'), async () => {
    const { guard, call, clock } = smallWorld()
    const identity = user({ claims: { iat: 1_799_990_000 } })
    await new Promise<void>((started) => {
      void guard().run(blind, call({ slot: 'one', identity }), () => {
        started()
        return new Promise(() => {})
      })
    })
    clock.advance(61)
    const behind = guard({ clock: { now: () => clock.now() - 3_700_000 } })
    for (const [slot, at] of [['two', behind] as const, ['three', guard()] as const])
      expect(await at.run(blind, call({ slot, identity }), () => 'ran')).toMatchObject({ code: 'unknown_outcome' })
  })

  test('or until its owner says what came of it', async () => {
    const { run, state, request, guard } = api()
    state.status = 500
    await run(writes, 'one', request('POST'))
    state.status = 200
    const [stuck] = await guard.approvals.list({ identity: user(), as: 'owner' })
    expect(stuck).toMatchObject({ state: 'used', run: 'crashed' })
    await guard.approvals.resolve(stuck?.id ?? '', 'did_not_run', { identity: user() })
    expect(await run(writes, 'two', request('POST'))).toMatchObject({ status: 'done' })
  })

  test('another kind of caller is told neither its id nor its idempotency key', async () => {
    const { run, guard, clock } = api()
    const { delegations, approvals } = guard
    let key = ''
    await run(blind, 'one', (_, { idempotencyKey }) => {
      key = idempotencyKey
      throw new Error('gone')
    })
    const [stuck] = await approvals.list({ identity: user(), as: 'owner' })
    const expiresAt = clock.now() / 1000 + 9999
    const { id } = await delegations.create({ identity: user(), tools: ['pay'], expiresAt })
    const others = [user({ actor: { subject: 'another-agent' } }), await delegations.identity(id)]
    for (const identity of others) {
      const outcome = await run(blind, 'two', () => 'ran', { identity })
      expect(outcome).toMatchObject({ code: 'unknown_outcome' })
      for (const secret of [stuck?.id, key]) expect(JSON.stringify(outcome)).not.toContain(secret)
    }
    expect(await run(blind, 'two', () => 'ran')).toMatchObject({
      code: 'unknown_outcome',
      idempotencyKey: key,
      trace: { approvalId: stuck?.id },
    })
  })

  test(
    verifies('A13', 'a call that needs approval asks again, says so to the person, and their yes lets it run'),
    async () => {
      const { run, state, request, answers, clock, questions } = api()
      await run(asks, 'one', request('POST'))
      answers({ status: 'approved' })
      clock.advance(6)
      state.status = 500
      await run(asks, 'one', request('POST'))
      state.status = 200
      answers({ status: 'pending' })
      expect(await run(asks, 'two', request('POST'))).toMatchObject({ status: 'interrupted' })
      expect(questions.map(({ message }) => message)).toEqual([
        'Pay 50',
        'An equal request of 2027-01-15 08:00:06 UTC ended without a known result. Pay 50',
      ])
      answers({ status: 'approved' })
      clock.advance(6)
      expect(await run(asks, 'two', request('POST'))).toMatchObject({ status: 'done' })
      expect(await run(asks, 'one', request('POST'))).toMatchObject({ code: 'unknown_outcome' })
    },
  )

  test(verifies('A13', 'an approval from before the other run went in doubt is requested again'), async () => {
    const { run, state, request, answers, clock, questions, guard, call } = api()
    const perCall = policy(schema, {
      version: '1',
      approval: { message: ({ input }) => `Pay ${input.amount}`, perCall: true },
      access: { mail },
    })
    for (const slot of ['one', 'two']) await run(perCall, slot, request('POST'))
    answers({ status: 'approved' })
    clock.advance(6)
    for (const slot of ['one', 'two'])
      expect(await guard.preflight(perCall, call({ slot }))).toMatchObject({ status: 'ready' })
    answers({ status: 'pending' })
    state.status = 500
    await run(perCall, 'one', request('POST'))
    state.status = 200
    expect(await run(perCall, 'two', request('POST'))).toMatchObject({
      status: 'interrupted',
      interrupt: { message: expect.stringContaining('without a known result') },
    })
    expect(questions).toHaveLength(3)
  })

  test(
    verifies('A5', 'a run that onCrash lets run again keeps its key, three tries in all, and no other slot joins it'),
    async () => {
      const { run, state, request, answers, clock, keys, questions } = api()
      const retried = policy(schema, {
        version: '1',
        approval: { message: () => 'Pay', onCrash: 'retry' },
        access: { mail },
      })
      await run(retried, 'one', request('POST'))
      answers({ status: 'approved' })
      clock.advance(6)
      state.status = 500
      await run(retried, 'one', request('POST'))
      answers({ status: 'pending' })
      expect(await run(retried, 'two', request('POST'))).toMatchObject({ status: 'interrupted' })
      await run(retried, 'one', request('POST'))
      await run(retried, 'one', request('POST'))
      expect(await run(retried, 'one', request('POST'))).toMatchObject({ code: 'unknown_outcome' })
      expect(keys).toHaveLength(3)
      expect(new Set(keys).size).toBe(1)
      expect(questions).toHaveLength(2)
    },
  )

  test.each(['שלם 50 דולר לדוד', 'ادفع ٥٠ يورو'])(
    verifies('A13', 'a person who reads from right to left is asked again, and told of it: %s'),
    async (message) => {
      const { guard, call, clock, answers, questions } = smallWorld()
      const behalf = guard()
      const rules = policy(schema, { version: '1', approval: { message: () => message } })
      await behalf.run(rules, call({ slot: 'one' }), () => 'ran')
      answers({ status: 'approved' })
      clock.advance(8)
      const lost = () => Promise.reject(new Error('no answer'))
      await expect(behalf.run(rules, call({ slot: 'one' }), lost)).rejects.toThrow('no answer')
      answers({ status: 'pending' })
      await behalf.run(rules, call({ slot: 'two' }), () => 'ran')
      expect(questions.map((question) => question.message)).toEqual([message, `${message}/Repeat/01-15/0800/unknown`])
    },
  )

  test.each<readonly [string, (text: string) => boolean, object]>([
    [
      'takes few signs',
      (text) => /^[A-Za-z0-9 +\-_.,:#]{1,64}$/.test(text),
      { message: 'Repeat of 01-15 08:00 UTC, result unknown: Pay 50' },
    ],
    [
      'takes no spaces',
      (text) => /^[A-Za-z0-9 \-._+/!?#]{1,40}$/.test(text),
      { message: 'Repeat/01-15/0800/unknown/Pay 50' },
    ],
  ])('a channel that %s is told in fewer words', async (_, takes, interrupt) => {
    const { guard, call, clock, answers, channel } = smallWorld()
    const checkMessage = (text: string) => (takes(text) ? undefined : 'too much')
    const behalf = guard({
      vault,
      fetch: async () => new Response(null, { status: 500 }),
      approvals: { ...channel, checkMessage },
    })
    const pays: Body = async (__, { access }) => {
      await access.mail.fetch('https://mail.example/pay', { method: 'POST' })
      throw new Error('no answer')
    }
    await behalf.run(asks, call({ slot: 'one' }), pays as never)
    answers({ status: 'approved' })
    clock.advance(6)
    await expect(behalf.run(asks, call({ slot: 'one' }), pays as never)).rejects.toThrow('no answer')
    expect(await behalf.run(asks, call({ slot: 'two' }), pays as never)).toMatchObject({ interrupt })
  })

  test('a channel that cannot tell the person of it asks nothing', async () => {
    const { guard, call, clock, answers, channel, questions } = smallWorld()
    const checkMessage = (text: string) => (text.length > 6 ? 'at most 6 characters' : undefined)
    const behalf = guard({ approvals: { ...channel, checkMessage } })
    const bare = policy(schema, { version: '1', approval: { message: () => 'Pay 50' } })
    await behalf.run(bare, call({ slot: 'one' }), () => 'ran')
    answers({ status: 'approved' })
    clock.advance(6)
    await expect(behalf.run(bare, call({ slot: 'one' }), () => Promise.reject(new Error('gone')))).rejects.toThrow(
      'gone',
    )
    expect(await behalf.run(bare, call({ slot: 'two' }), () => 'ran')).toMatchObject({ code: 'unknown_outcome' })
    expect(questions).toHaveLength(1)
  })
})
