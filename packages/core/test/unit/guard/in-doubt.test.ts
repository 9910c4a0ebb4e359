import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { type Call, connection, HadNoEffect, type Policy, policy, type Vault } from '../../../src/index.ts'
import { schema, smallWorld, user } from './small-world.ts'

const mail = {
  ...connection('mail', { scopes: ['send'], origins: ['https://mail.example'] }),
  withoutApproval: ['read'],
}
const vault: Vault = {
  specificationVersion: 1,
  token: async ({ scopes }) => ({ status: 'token', token: new Token('a-token'), scopes }),
}
const writes = policy(schema, { version: '1', effect: 'write', access: { mail } })
const asks = policy(schema, {
  version: '1',
  approval: { message: ({ input }) => `Pay ${input.amount}` },
  access: { mail },
})
const blind = policy(schema, { version: '1', effect: 'write' })

type Body = (input: unknown, call: Call<{ mail: typeof mail }>) => unknown

/** An API that answers as it is told to, and counts what it was sent. */
function api() {
  const world = smallWorld()
  const state = { status: 200, fails: false }
  const sent: string[] = []
  const keys: string[] = []
  const fetch = async (_: unknown, init: RequestInit = {}) => {
    sent.push(init.method ?? 'GET')
    if (state.fails) throw new TypeError('fetch failed')
    return new Response(null, { status: state.status })
  }
  const guard = world.guard({ vault, fetch: fetch as typeof globalThis.fetch })
  const request =
    (method: string): Body =>
    async (_, { access, idempotencyKey }) => {
      keys.push(idempotencyKey)
      const response = await access.mail.fetch('https://mail.example/pay', { method })
      if (!response.ok || state.status === 299) throw new Error(`the API said ${response.status}`)
      return 'paid'
    }
  const run = (rules: Policy, slot: string, body: Body, over: object = {}) =>
    guard.run(rules as typeof writes, world.call({ slot, ...over }), body as never).catch((error: Error) => error)
  return { ...world, guard, state, sent, keys, request, run }
}

describe('a run in doubt is not begun again (A13)', () => {
  test.each([200, 201, 202, 204, 299, 300, 302, 304, 402, 407, 408, 409, 418, 422, 423, 425, 500, 502, 503, 504])(
    'a body that throws after its POST was answered with %i is in doubt: neither its slot nor another one runs it',
    async (status) => {
      const { run, state, sent } = api()
      state.status = status
      const throws: Body = async (_, { access }) => {
        await access.mail.fetch('https://mail.example/pay', { method: 'POST' })
        throw new Error('after the POST')
      }
      await run(writes, 'one', throws)
      state.status = 200
      for (const slot of ['one', 'two']) {
        expect(await run(writes, slot, throws)).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
      }
      expect(sent).toHaveLength(1)
    },
  )

  test.each([400, 401, 403, 404, 405, 406, 410, 411, 412, 413, 414, 415, 416, 417, 428, 429, 431])(
    'a body that throws after its POST was refused with %i runs again in its slot, with the same key',
    async (status) => {
      const { run, state, request, keys } = api()
      state.status = status
      expect(await run(writes, 'one', request('POST'))).toBeInstanceOf(Error)
      state.status = 200
      expect(await run(writes, 'one', request('POST'))).toMatchObject({ status: 'done', result: 'paid' })
      expect(new Set(keys).size).toBe(1)
    },
  )

  test('no response is no refusal', async () => {
    const { run, state, request } = api()
    state.fails = true
    await run(writes, 'one', request('POST'))
    state.fails = false
    expect(await run(writes, 'one', request('POST'))).toMatchObject({ code: 'unknown_outcome' })
  })

  test.each(['GET', 'HEAD', 'OPTIONS'])('a %s leaves no doubt, however it ended', async (method) => {
    const { run, state, request } = api()
    state.status = 500
    await run(writes, 'one', request(method))
    state.status = 200
    expect(await run(writes, 'one', request('POST'))).toMatchObject({ status: 'done' })
  })

  test.each(['PUT', 'PATCH', 'DELETE', 'POST', 'PROPFIND'])('a %s leaves doubt', async (method) => {
    const { run, state, request } = api()
    state.status = 500
    await run(writes, 'one', request(method))
    state.status = 200
    expect(await run(writes, 'one', request('POST'))).toMatchObject({ code: 'unknown_outcome' })
  })

  test('one write that was taken leaves doubt, though the next one was refused', async () => {
    const { run, state } = api()
    const two: Body = async (_, { access }) => {
      await access.mail.fetch('https://mail.example/a', { method: 'POST' })
      state.status = 400
      await access.mail.fetch('https://mail.example/b', { method: 'POST' })
      throw new Error('refused')
    }
    await run(writes, 'one', two)
    expect(await run(writes, 'one', two)).toMatchObject({ code: 'unknown_outcome' })
  })

  test('a request that is still under way when the body throws leaves doubt', async () => {
    const { guard, call } = smallWorld()
    const behalf = guard({ vault, fetch: () => new Promise(() => {}) })
    const races: Body = (_, { access }) => {
      void access.mail.fetch('https://mail.example/pay', { method: 'POST' })
      throw new Error('too slow')
    }
    await expect(behalf.run(writes, call(), races as never)).rejects.toThrow('too slow')
    expect(await behalf.run(writes, call(), races as never)).toMatchObject({ code: 'unknown_outcome' })
  })

  test('nothing leaves after it was decided that nothing had left', async () => {
    const { run, sent } = api()
    const later = Promise.withResolvers<void>()
    let outcome: unknown
    await run(writes, 'one', (_, { access }) => {
      void later.promise
        .then(() => access.mail.fetch('https://mail.example/pay', { method: 'POST' }))
        .catch((error) => (outcome = error))
      throw new Error('gone')
    })
    later.resolve()
    await expect.poll(() => outcome).toMatchObject({ code: 'ERR_CREDENTIAL_MISUSE' })
    expect(sent).toEqual([])
  })

  test('the raw token leaves doubt', async () => {
    const { run } = api()
    const takes: Body = async (_, { access }) => {
      await access.mail.withToken(() => 'used')
      throw new Error('after it')
    }
    await run(writes, 'one', takes)
    expect(await run(writes, 'one', takes)).toMatchObject({ code: 'unknown_outcome' })
  })

  test('a policy without credentials leaves doubt, and HadNoEffect says that there is none', async () => {
    const { run } = api()
    await run(blind, 'one', () => Promise.reject(new Error('somewhere')))
    expect(await run(blind, 'one', () => 'ran')).toMatchObject({ code: 'unknown_outcome' })
    const other = { input: { amount: 7 } }
    const cause = new Error('the file was locked')
    expect(await run(blind, 'two', () => Promise.reject(new HadNoEffect(cause)), other)).toMatchObject({ cause })
    expect(await run(blind, 'two', () => 'ran', other)).toMatchObject({ status: 'done', result: 'ran' })
  })

  test('a caller that aborts after the POST leaves doubt', async () => {
    const { guard, call } = smallWorld()
    const behalf = guard({
      vault,
      fetch: (_, init) =>
        new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))),
    })
    const controller = new AbortController()
    const pays: Body = async (_, { access }) => {
      const sending = access.mail.fetch('https://mail.example/pay', { method: 'POST' })
      setTimeout(() => controller.abort(new Error('left')), 5)
      return sending
    }
    await expect(behalf.run(writes, call({ signal: controller.signal }), pays as never)).rejects.toThrow('left')
    expect(await behalf.run(writes, call(), pays as never)).toMatchObject({ code: 'unknown_outcome' })
  })

  test('a stream that is given up after the POST leaves doubt', async () => {
    const { guard, call, run } = api()
    const outcome = await guard.run(writes, call({ slot: 'one' }), async function* (_, { access }) {
      await access.mail.fetch('https://mail.example/pay', { method: 'POST' })
      yield 'paid'
    })
    const flow = outcome.status === 'done' ? outcome.result : undefined
    for await (const _ of flow ?? []) break
    expect(await run(writes, 'one', () => 'again')).toMatchObject({ code: 'unknown_outcome' })
    expect(await run(writes, 'two', () => 'again')).toMatchObject({ code: 'unknown_outcome' })
  })

  test('a run that had no effect is tried three times in all', async () => {
    const { run, state, request, sent } = api()
    state.status = 400
    for (let tries = 0; tries < 3; tries++) expect(await run(writes, 'one', request('POST'))).toBeInstanceOf(Error)
    expect(await run(writes, 'one', request('POST'))).toMatchObject({ status: 'denied', code: 'too_many_attempts' })
    expect(sent).toHaveLength(3)
  })
})

describe('while an equal run is in doubt', () => {
  test('a call that needs no approval is refused for an hour, and then runs', async () => {
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

  test('a call that needs approval asks again, says so to the person, and their yes lets it run', async () => {
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
  })

  test('a yes that was given before the other run went in doubt is asked for anew', async () => {
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

  test('a run that onCrash lets run again keeps its key, three tries in all, and no other slot joins it', async () => {
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
  })

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
