import { getEventListeners } from 'node:events'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { connection, type Vault } from '../../../src/entrypoints/vault.ts'
import { may, object, policy } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { quiet, stuckPlace, timeStandsStill } from './passing-time.ts'
import { asks, schema, smallWorld, writes } from './small-world.ts'

const mail = connection('mail', { scopes: ['send'], origins: ['https://mail.example'] })
const linked = policy(schema, { version: '1', access: { mail } })
const permitted = policy(schema, { version: '1', permission: () => may('can_view', object('portfolio', 'p')) })

const TIMEOUT_MS = 10_000
timeStandsStill()

describe('a call that was answered before it was let through leaves nothing behind', () => {
  /** Unhandled errors of this test. */
  function unhandled() {
    const errors: unknown[] = []
    const note = (error: unknown) => void errors.push(error)
    process.on('unhandledRejection', note)
    onTestFinished(() => void process.off('unhandledRejection', note))
    return errors
  }

  test('at the signal of the caller, whether it ran, was stopped or came too late', async () => {
    const { guard, call } = smallWorld()
    const { signal } = new AbortController()
    const places = [stuckPlace(), stuckPlace()] as const
    const [behalf, stuck, again] = [
      guard(),
      ...places.map(({ never }) => guard({ timeoutMs: TIMEOUT_MS, permissions: { check: never } })),
    ] as [ReturnType<typeof guard>, ReturnType<typeof guard>, ReturnType<typeof guard>]
    let during: number | undefined
    const ran = await behalf.run(writes, call({ signal }), () => {
      during = getEventListeners(signal, 'abort').length
    })
    expect([ran.status, during]).toEqual(['done', 0])
    const late = [stuck.run(permitted, call({ signal }), () => 'ran'), again.preflight(permitted, call({ signal }))]
    for (const { reached } of places) await reached
    vi.advanceTimersByTime(TIMEOUT_MS)
    for (const outcome of late) expect(await outcome).toMatchObject({ status: 'unavailable' })
    expect(await behalf.run(asks, call({ signal, slot: 'asks' }), () => 'ran')).toMatchObject({ status: 'interrupted' })
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test('in the store, where the caller left before the claim', async () => {
    const { guard, call, store } = smallWorld()
    const claims: string[] = []
    const counting = tapped(store, (operation, key, next) => {
      if (operation === 'put' && key.startsWith('lease:')) claims.push(key)
      return next()
    })
    const controller = new AbortController()
    const sink = { write: () => controller.abort(new Error('left')) }
    const behalf = guard({ store: counting, audit: { sink, required: true } })
    const running = behalf.run(writes, call({ signal: controller.signal }), () => 'ran')
    await expect(running).rejects.toThrow('left')
    await quiet()
    expect(claims).toEqual([])
    expect(await guard({ store: counting }).run(writes, call(), () => 'ran')).toMatchObject({ status: 'done' })
    expect(claims).toHaveLength(1)
  })

  test.each<readonly [string, boolean]>([
    ['a denial', false],
    ['a pass', true],
  ])('%s that comes too late raises no error', async (_, allowed) => {
    const errors = unhandled()
    const { guard, call } = smallWorld()
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
    const { never, reached } = stuckPlace()
    const check = async () => {
      void never()
      await answered
      return { allowed, checks: [{ question: 'q', allowed }] }
    }
    const running = guard({ timeoutMs: TIMEOUT_MS, permissions: { check } }).run(permitted, call(), () => 'ran')
    await reached
    vi.advanceTimersByTime(TIMEOUT_MS)
    expect(await running).toMatchObject({ status: 'unavailable' })
    answer()
    await quiet()
    expect(errors).toEqual([])
  })
})

test('the deadline of before the body has nothing to say in it: a refused token is renewed after it', async () => {
  const { guard, call, clock } = smallWorld()
  const api = 'https://mail.example'
  let tokens = 0
  const vault: Vault = {
    specificationVersion: 1,
    token: async ({ scopes }, { signal }) => {
      signal?.throwIfAborted()
      const token = new Token(`token-${++tokens}`)
      return { status: 'token', token, scopes, expiresAt: clock.now() / 1000 + 3600 }
    },
  }
  const fetch = async (input: string | URL | Request, init?: RequestInit) =>
    new Response(null, {
      status: new Request(input, init).headers.get('authorization') === 'Bearer token-2' ? 200 : 401,
    })
  const behalf = guard({ vault, timeoutMs: TIMEOUT_MS, fetch: fetch as typeof globalThis.fetch })
  const outcome = await behalf.run(linked, call(), async (_, { access }) => {
    vi.advanceTimersByTime(2 * TIMEOUT_MS)
    await quiet()
    return (await access.mail.fetch(`${api}/send`)).status
  })
  expect(outcome).toMatchObject({ status: 'done', result: 200 })
})
