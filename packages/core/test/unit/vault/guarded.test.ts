import { beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { connection, type VaultRequest } from '../../../src/entrypoints/vault.ts'
import {
  createGuard,
  type GuardOptions,
  type Invocation,
  memoryStore,
  policy,
  resource,
  type UserIdentity,
} from '../../../src/index.ts'
import { storedVault } from '../../../src/vault/stored/stored-vault.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { testChannel, testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { definitionOf, user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4820', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const API = 'https://api.crm.example'
const schema = z.strictObject({ n: z.number() })
const contacts = connection('crm', { scopes: ['contacts.read'], origins: [API] })

/** A guard over an embedded vault, and an API that takes the newest token only where it is told to. */
function guarded(options: Partial<GuardOptions> & { readonly connectPage?: string } = {}) {
  const { connectPage, ...rest } = options
  const inner = world(crm, { clock, ...(connectPage !== undefined && { connectPage }) })
  const asked: VaultRequest[] = []
  const channel = testChannel()
  const seen: (string | null)[] = []
  let refused: string | undefined
  const vault = {
    ...inner.vault,
    token: (request: VaultRequest, context: Parameters<typeof inner.vault.token>[1]) => {
      asked.push(request)
      return inner.vault.token(request, context)
    },
  }
  const guard = createGuard({
    authorizationServer: oidc({ issuer: 'https://login.example', clientId: 'app', clientSecret: 's' }),
    agent: { name: 'agent:crm' },
    vault,
    approvals: channel.channel,
    store: memoryStore({ clock }),
    clock,
    fetch: async (_input, init) => {
      const token = new Headers(init?.headers).get('authorization')
      seen.push(token)
      if (refused === '*' || (refused !== undefined && token === refused)) {
        return new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
      }
      return new Response('ok')
    },
    ...rest,
  })
  const call = (identity: UserIdentity = user(), slot = 'slot-1'): Invocation => ({
    tool: 'read_contacts',
    slot,
    input: { n: 1 },
    identity,
  })
  const reads = policy(schema, { access: { crm: contacts } })
  return {
    ...inner,
    guard,
    asked,
    seen,
    channel,
    call,
    reads,
    refuse: (token: string | undefined) => {
      refused = token
    },
    read: (identity?: UserIdentity, rule = reads) =>
      guard.run(rule, call(identity), (_input, { access }) => access.crm.fetch(`${API}/x`).then((r) => r.status)),
  }
}

describe('a tool with a connection', () => {
  test('each reason is an interrupt of its own words; none of them costs a second question', async () => {
    const { read, link } = guarded({ connectPage: 'https://app.example/connections' })
    expect(await read()).toMatchObject({
      status: 'interrupted',
      interrupt: {
        kind: 'connection_required',
        message: 'Connect your crm account to continue.',
        connection: 'crm',
        scopes: ['contacts.read'],
        url: 'https://app.example/connections?connection=crm&scopes=contacts.read',
      },
    })
    await link(user(), ['contacts.write'])
    expect(await read()).toMatchObject({ interrupt: { message: expect.stringContaining('Allow more access') } })
    await link()
    expect(await read()).toMatchObject({ status: 'done', result: 200 })
    crm.state.account = 'a-2'
    await link()
    expect(await read()).toMatchObject({ interrupt: { message: expect.stringContaining('Choose') } })
  })

  test('an outage is unavailable, never a prompt', async () => {
    const { read, link } = guarded()
    await link()
    crm.before = () => new Response('{}', { status: 503, headers: { 'retry-after': '9' } })
    clock.advance(3601)
    expect(await read()).toMatchObject({ status: 'unavailable', retryAfter: 9 })
  })

  test('a token that the API refuses is renewed once, and the request made again', async () => {
    const { read, link, seen, refuse } = guarded()
    await link()
    await read()
    clock.advance(31)
    refuse(seen[0] ?? undefined)
    expect(await read()).toMatchObject({ status: 'done', result: 200 })
    expect(new Set(seen).size).toBe(2)
  })

  test('one that the API refuses for ever makes no refresh with each call', async () => {
    const { read, link, refuse } = guarded()
    await link()
    clock.advance(31)
    refuse('*')
    for (let round = 0; round < 5; round++) expect(await read()).toMatchObject({ status: 'done', result: 401 })
    expect(crm.forms.filter((form) => form.get('grant_type') === 'refresh_token')).toHaveLength(1)
  })

  test('a disconnect through this vault is known at once, one elsewhere after a minute', async () => {
    const { read, link, vault, store } = guarded()
    await link()
    expect(await read()).toMatchObject({ status: 'done' })
    await vault.accounts.disconnect(user(), { connection: 'crm', account: 'a-1' })
    expect(await read()).toMatchObject({ status: 'interrupted' })
    await link()
    expect(await read()).toMatchObject({ status: 'done' })
    await world(crm, { clock, store }).vault.accounts.disconnect(user(), { connection: 'crm', account: 'a-1' })
    clock.advance(61)
    expect(await read()).toMatchObject({ status: 'interrupted' })
  })

  test('another account is used from the next call on', async () => {
    const { read, link, vault, seen } = guarded()
    await link()
    await vault.accounts.prefer(user(), { connection: 'crm', account: 'a-1' })
    await read()
    crm.state.account = 'a-2'
    await link()
    clock.advance(1)
    await vault.accounts.prefer(user(), { connection: 'crm', account: 'a-2' })
    await read()
    expect(new Set(seen).size).toBe(2)
  })

  test('the policy may name it by who is asking, and never sees the input', async () => {
    const { read, link, asked } = guarded()
    await link()
    crm.state.account = 'a-2'
    await link()
    const calls: unknown[] = []
    const rule = policy(schema, {
      access: {
        crm: connection('crm', {
          scopes: ['contacts.read'],
          origins: [API],
          account: (given) => {
            calls.push(given)
            return given.identity.subject === 'ann' ? 'a-2' : undefined
          },
        }),
      },
    })
    expect(await read(user(), rule)).toMatchObject({ status: 'done' })
    expect(asked.at(-1)?.account).toBe('a-2')
    expect(calls.every((given) => Object.keys(given as object).join() === 'identity')).toBe(true)
    const broken = policy(schema, {
      access: {
        crm: connection('crm', { scopes: ['contacts.read'], origins: [API], account: (async () => 'a') as never }),
      },
    })
    expect(await read(user(), broken)).toMatchObject({ status: 'denied', code: 'misconfigured' })
  })

  test('users never share a token', async () => {
    const { read, link, seen } = guarded()
    await link()
    await link(user('bob'))
    await Promise.all([read(), read(user('bob')), read(), read(user('bob'))])
    expect(new Set(seen).size).toBe(2)
    expect(await read(user('carol'))).toMatchObject({ status: 'interrupted' })
  })
})

describe('connections, an exchanged token and an approval at once', () => {
  const calendar = connection('calendar', { scopes: ['read'], origins: ['https://calendar.example'] })
  const everything = policy(schema, {
    access: { crm: contacts, calendar, trade: resource('https://api.trade.example', { scopes: ['trade'] }) },
    approval: { message: ({ input }) => `Do ${input.n}` },
  })

  test('a missing connection is told before anybody is asked, the first one in the order of the policy', async () => {
    const { guard, call, link, channel } = guarded()
    const missing = async () => {
      const outcome = await guard.preflight(everything, call())
      return outcome.status === 'interrupted' ? outcome.interrupt.connection : outcome
    }
    expect(await missing()).toBe('crm')
    await link()
    // The vault has no calendar: that is no matter for a person.
    expect(await missing()).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(channel.questions).toHaveLength(0)
  })

  test('what no policy asks for is not fetched', async () => {
    const { guard, call, link, asked } = guarded()
    await link()
    await guard.run(policy(schema, {}), call(), () => 1)
    await guard.preflight(
      policy(schema, { access: { trade: resource('https://api.trade.example', { scopes: ['t'] }) } }),
      call(),
    )
    expect(asked).toEqual([])
  })

  test('two connections and an approval: all linked, one question, then both tokens', async () => {
    const store = memoryStore({ clock })
    const vault = storedVault({
      store,
      connections: { crm: definitionOf(crm), sales: { ...definitionOf(crm), label: 'Sales' } },
      clock,
    })
    const { guard, call, channel, seen } = guarded({ vault, store })
    const rule = policy(schema, {
      access: { crm: contacts, sales: connection('sales', { scopes: ['contacts.write'], origins: [API] }) },
      approval: { message: ({ input }) => `Do ${input.n}` },
    })
    const ids: (string | undefined)[] = []
    for (const name of ['crm', 'sales']) {
      const outcome = await guard.preflight(rule, call())
      ids.push(outcome.status === 'interrupted' ? outcome.interrupt.connection : undefined)
      const started = await vault.accounts.connect({
        identity: user(),
        connection: name,
        redirectUri: `https://app.example/${name}`,
        browser: 'b',
      })
      if (started.status !== 'started') throw new Error(started.detail)
      const parameters = crm.codeFor(started.url)
      await vault.accounts.complete({ identity: user(), connection: name, parameters, browser: 'b' })
    }
    expect(ids).toEqual(['crm', 'sales'])
    expect(channel.questions).toHaveLength(0)
    expect(await guard.preflight(rule, call())).toMatchObject({ interrupt: { kind: 'approval_pending' } })
    channel.answers({ status: 'approved' })
    clock.advance(10)
    const outcome = await guard.run(rule, call(), async (_input, { access }) => {
      await access.crm.fetch(`${API}/a`)
      await access.sales.fetch(`${API}/b`)
      return 'both'
    })
    expect(outcome).toMatchObject({ status: 'done', result: 'both' })
    expect(channel.questions).toHaveLength(1)
    expect(new Set(seen).size).toBe(2)
  })
})
