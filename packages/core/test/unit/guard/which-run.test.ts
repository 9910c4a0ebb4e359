import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { policy, type Slot } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { asks, schema, smallWorld, user, writes } from './small-world.ts'

describe('the place of a run', () => {
  test.each<readonly [string, unknown, string?]>([
    ['a text', 'call-1'],
    ['a text of two letters', 'ab'],
    ['a thread and a call', ['thread', 'call']],
    ['an empty text', '', 'empty'],
    ['a number', 5, '5'],
    ['nothing', undefined, 'missing'],
    ['a thread alone', ['thread'], 'a list'],
    ['three of them', ['thread', 'call', 'more'], 'a list'],
    ['a thread and nothing', ['thread', ''], 'a list'],
    ['nothing and a call', [undefined, 'call'], 'a list'],
  ])('%s', async (_, slot, wrong) => {
    const { guard, call } = smallWorld()
    const outcome = await guard().run(writes, call({ slot: slot as Slot }), () => 'ran')
    expect(outcome).toMatchObject(
      wrong === undefined ? { status: 'done' } : { status: 'denied', code: 'misconfigured' },
    )
    const text = `slot: is ${wrong}; give a non-empty text, or [threadId, callId]`
    if (wrong !== undefined) expect(outcome.trace.steps.at(-1)?.detail).toBe(text)
  })
})

describe('a run that is there already', () => {
  test('is not drafted again: the text that the person reads was computed once (A1)', async () => {
    const { guard, call, questions } = smallWorld()
    let drafts = 0
    const asking = policy(schema, { version: '1', approval: { message: () => `Pay? ${++drafts}` } })
    const behalf = guard()
    await behalf.preflight(asking, call())
    await behalf.run(asking, call(), () => 'ran')
    await behalf.preflight(asking, call())
    expect(drafts).toBe(1)
    expect(questions).toMatchObject([{ message: 'Pay? 1' }])
  })

  test('with a question in it waits for its answer, though the policy asks no more', async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    await behalf.run(asks, call(), () => 'ran')
    expect(await behalf.run(writes, call(), () => 'ran')).toMatchObject({
      status: 'interrupted',
      interrupt: { kind: 'approval_pending', message: 'Pay 50' },
    })
  })

  test('serves equal calls of other slots where a person was asked, and no others', async () => {
    const { guard, call, questions } = smallWorld()
    const perCall = policy(schema, { version: '1', approval: { message: () => 'Pay?', perCall: true } })
    const behalf = guard()
    let runs = 0
    for (const slot of ['one', 'two']) {
      await behalf.run(asks, call({ slot, tool: 'asks' }), () => 'ran')
      await behalf.run(perCall, call({ slot, tool: 'perCall' }), () => 'ran')
      expect(await behalf.run(writes, call({ slot, tool: 'writes' }), () => ++runs)).toMatchObject({ result: runs })
    }
    expect(questions.map(({ tool }) => tool)).toEqual(['asks', 'perCall', 'perCall'])
    expect(runs).toBe(2)
  })

  test('serves no equal call of another slot if no person was asked, even while it is unused', async () => {
    const { guard, call, store } = smallWorld()
    let fails = true
    const behalf = guard({
      store: tapped(store, (operation, key, next) => {
        if (!fails || operation !== 'put' || !key.startsWith('lease:')) return next()
        fails = false
        return Promise.reject(new StoreError('unavailable', 'down at the claim'))
      }),
    })
    expect(await behalf.run(writes, call({ slot: 'one' }), () => 'first')).toMatchObject({ status: 'unavailable' })
    expect(await behalf.run(writes, call({ slot: 'two' }), () => 'second')).toMatchObject({ result: 'second' })
    expect(await behalf.run(writes, call({ slot: 'one' }), () => 'first')).toMatchObject({ result: 'first' })
  })

  test('is found again by the session in which it was begun', async () => {
    const { guard, call, clock } = smallWorld()
    const behalf = guard()
    const of = (sessionId: string, subject = 'ann') => user({ sessionId, subject })
    for (const identity of [of('one'), of('two'), of('one', 'bob')]) {
      const slot = `${identity.sessionId}-${identity.subject}`
      await behalf.run(asks, call({ identity, slot, tool: slot }), () => 'ran')
    }
    const { issuer } = user()
    const left = async (subject: string) => {
      // Signed in again, clearly after the revocation.
      clock.advance(60)
      const identity = user({ subject, claims: { iat: clock.now() / 1000 } })
      return (await behalf.approvals.list({ identity, as: 'owner' })).map(({ tool }) => tool)
    }
    expect(await behalf.revoke({ issuer, subject: 'ann', session: 'one' })).toMatchObject({ approvals: 1 })
    expect([await left('ann'), await left('bob')]).toEqual([['two-ann'], ['one-bob']])
    // Without a session: whatever session it was begun in.
    expect(await behalf.revoke({ issuer, subject: 'ann' })).toMatchObject({ approvals: 1 })
    expect([await left('ann'), await left('bob')]).toEqual([[], ['one-bob']])
  })
})

describe('a claim', () => {
  test('that another process won says so, and when to retry', async () => {
    const { guard, call, store } = smallWorld()
    let rival = () => Promise.resolve<unknown>(undefined)
    const slow = guard({
      timeoutMs: 400,
      store: tapped(store, async (operation, key, next) => {
        // Between the look at the record and its claim, another process runs it.
        if (operation === 'put' && key.startsWith('lease:')) await rival()
        return next()
      }),
    })
    let runs = 0
    const { promise: end, resolve: finish } = Promise.withResolvers<void>()
    rival = async () => {
      rival = async () => {}
      const began = Promise.withResolvers<void>()
      void guard().run(writes, call(), async () => {
        runs++
        began.resolve()
        await end
      })
      await began.promise
    }
    const outcome = await slow.run(writes, call(), () => runs++)
    const message = expect.stringMatching(/may be under way already/)
    expect(outcome).toMatchObject({ status: 'unavailable', retryAfter: 2, message })
    expect(outcome.trace.steps.at(-1)).toMatchObject({ step: 'claim' })
    finish()
    expect(runs).toBe(1)
  })
})
