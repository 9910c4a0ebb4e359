import { getEventListeners } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { connection, may, object, policy, type Vault } from '../../../src/index.ts'
import { tapped } from '../approvals/harness.ts'
import { asks, schema, smallWorld, writes } from './small-world.ts'

const mail = connection('mail', { scopes: ['send'], origins: ['https://mail.example'] })
const linked = policy(schema, { version: '1', access: { mail } })
const permitted = policy(schema, { version: '1', permission: () => may('can_view', object('portfolio', 'p')) })

const never = () => new Promise<never>(() => {})
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

describe('a call that was answered before it was let through leaves nothing behind', () => {
  /** What nobody caught while this test ran. */
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
    const [behalf, stuck] = [guard(), guard({ timeoutMs: 20, permissions: { check: never } })]
    let during: number | undefined
    const ran = await behalf.run(writes, call({ signal }), () => {
      during = getEventListeners(signal, 'abort').length
    })
    expect([ran.status, during]).toEqual(['done', 0])
    expect(await stuck.run(permitted, call({ signal }), () => 'ran')).toMatchObject({ status: 'unavailable' })
    expect(await stuck.preflight(permitted, call({ signal }))).toMatchObject({ status: 'unavailable' })
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
    await pause(20)
    expect(claims).toEqual([])
    expect(await guard({ store: counting }).run(writes, call(), () => 'ran')).toMatchObject({ status: 'done' })
    expect(claims).toHaveLength(1)
  })

  test.each<readonly [string, boolean]>([
    ['a denial', false],
    ['a pass', true],
  ])('%s that comes too late is nobody’s fault', async (_, allowed) => {
    const errors = unhandled()
    const { guard, call } = smallWorld()
    const check = async () => {
      await pause(20)
      return { allowed, checks: [{ question: 'q', allowed }] }
    }
    const behalf = guard({ timeoutMs: 10, permissions: { check } })
    expect(await behalf.run(permitted, call(), () => 'ran')).toMatchObject({ status: 'unavailable' })
    await pause(30)
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
  const behalf = guard({ vault, timeoutMs: 100, fetch: fetch as typeof globalThis.fetch })
  const outcome = await behalf.run(linked, call(), async (_, { access }) => {
    await pause(130)
    return (await access.mail.fetch(`${api}/send`)).status
  })
  expect(outcome).toMatchObject({ status: 'done', result: 200 })
})
