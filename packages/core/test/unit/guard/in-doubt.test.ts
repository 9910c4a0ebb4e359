import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { HadNoEffect } from '../../../src/index.ts'
import { api, type Body, blind, vault, writes } from './in-doubt-world.ts'
import { smallWorld } from './small-world.ts'

describe('a run in doubt is not begun again (A13)', () => {
  test.each([200, 201, 202, 204, 299, 300, 302, 304, 402, 407, 408, 409, 418, 422, 423, 425, 500, 502, 503, 504])(
    verifies(
      'A13',
      'a body that throws after its POST was answered with %i is in doubt: neither its slot nor another one runs it',
    ),
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
    verifies('A13', 'a body that throws after its POST was refused with %i runs again in its slot, with the same key'),
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

  test(verifies('A13', 'nothing leaves after it was decided that nothing had left'), async () => {
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

  test(verifies('A13', 'the raw token leaves doubt'), async () => {
    const { run } = api()
    const takes: Body = async (_, { access }) => {
      await access.mail.withToken(() => 'used')
      throw new Error('after it')
    }
    await run(writes, 'one', takes)
    expect(await run(writes, 'one', takes)).toMatchObject({ code: 'unknown_outcome' })
  })

  test('a policy without credentials leaves doubt, and HadNoEffect ends the doubt', async () => {
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
