import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import type { Invocation } from '../../../src/index.ts'
import { policy } from '../../../src/index.ts'
import { reads, schema, smallWorld, writes } from './small-world.ts'
import { ORIGIN, policies, world } from './world.ts'

const CALLS = 50

describe('a signal that outlives its calls keeps none of their listeners', () => {
  test.each([
    ['a read', reads],
    ['a write', writes],
    ['a call that is refused', policy(schema, { roles: ['trader'] })],
  ])('%s', async (_, rules) => {
    const { guard, call } = smallWorld()
    const { signal } = new AbortController()
    const behalf = guard()
    for (let count = 0; count < CALLS; count++) {
      await behalf.run(rules, call({ slot: `s-${count}`, signal }), (_, running) => {
        // As a client does that never removes its own.
        running.signal.addEventListener('abort', () => {})
        return 'ran'
      })
    }
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test('results that flow, read to their end, given up, or cancelled', async () => {
    const { guard, call } = smallWorld()
    const { signal } = new AbortController()
    const behalf = guard()
    const flows = async (slot: string, body: () => unknown) => {
      const outcome = await behalf.run(writes, call({ slot, input: { amount: slot.length }, signal }), body)
      if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
      expect(getEventListeners(signal, 'abort')).toHaveLength(1)
      return outcome.result
    }
    const pieces = async function* () {
      yield 'one'
      yield 'two'
    }
    const read = (await flows('r', pieces)) as AsyncGenerator
    while (!(await read.next()).done);
    for await (const _ of (await flows('gu', pieces)) as AsyncGenerator) break
    await ((await flows('can', () => new Response('text').body)) as ReadableStream).cancel()
    for await (const _ of (await flows('text', () => new Response('text').body)) as ReadableStream);
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test('requests of a credential, and tokens that are renewed in mid-body', async () => {
    const { guard, login, invocation, stockTrade } = await world()
    const { signal } = new AbortController()
    const behalf = guard()
    const identity = await login()
    const call: Invocation = {
      ...invocation({ tool: 'read_portfolio', input: { portfolio: 'p-ann' }, identity }),
      signal,
    }
    for (let count = 0; count < CALLS; count++) {
      if (count % 10 === 0) await stockTrade.controls.fault('portfolios', { status: 401, times: 1 })
      await behalf.run(policies.read_portfolio, call, async (_, { access }) => {
        const responses = await Promise.all([1, 2].map(() => access.trade.fetch(`${ORIGIN}/portfolios/p-ann`)))
        return responses.map(({ status }) => status)
      })
    }
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test('and still ends the requests of a call', async () => {
    const { guard, login, invocation } = await world()
    const leaving = new AbortController()
    const call = {
      ...invocation({ tool: 'read_portfolio', input: { portfolio: 'p-ann' }, identity: await login() }),
      signal: leaving.signal,
    }
    const behalf = guard({
      fetch: (input, init) => {
        if (!String(input).startsWith(ORIGIN)) return fetch(input, init)
        return new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)))
      },
    })
    const running = behalf.run(policies.read_portfolio, call, async (_, { access, signal }) => {
      setTimeout(() => leaving.abort(new Error('left')), 10)
      await expect(access.trade.fetch(`${ORIGIN}/portfolios/p-ann`)).rejects.toThrow('left')
      expect(signal.aborted).toBe(true)
      throw signal.reason
    })
    await expect(running).rejects.toThrow('left')
  })
})
