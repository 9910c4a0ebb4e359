import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { requestAgentIdentity } from '../../../src/entrypoints/identity.ts'
import { entra, oidc } from '../../../src/entrypoints/providers.ts'
import { admit, fieldsOf } from '../../../src/identity/verified.ts'
import { type AgentIdentity, type GuardOptions, policy, resource } from '../../../src/index.ts'
import { ISSUER, schema, smallWorld, user } from './small-world.ts'

const API = 'https://api.example/'
const reads = policy(schema, { version: '1', access: { api: resource(API, { scopes: ['read'] }) } })
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const json = (body: object, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })

type Give = NonNullable<GuardOptions['agent']['actorToken']>

/** An issuer that gives the agent a token of its own, and takes an exchange with an actor token only. */
function exchanging(give?: (own: () => Promise<AgentIdentity>) => Give) {
  const world = smallWorld()
  const forms: URLSearchParams[] = []
  const says = { agent: {} as object, agentStatus: 200, exchange: {} as object, exchangeStatus: 200 }
  const fetch = (async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init)
    if (request.url.startsWith(API)) return new Response(null)
    if (request.url.includes('.well-known')) return json({ issuer: ISSUER, token_endpoint: `${ISSUER}/token` })
    const form = new URLSearchParams(await request.text())
    forms.push(form)
    const token = { access_token: `token-${forms.length}`, token_type: 'Bearer', expires_in: 600 }
    if (form.get('grant_type') === 'client_credentials') return json({ ...token, ...says.agent }, says.agentStatus)
    if (!form.has('actor_token')) return json({ error: 'invalid_request' }, 400)
    return json({ ...token, issued_token_type: accessTokenType, ...says.exchange }, says.exchangeStatus)
  }) as typeof globalThis.fetch
  const authorizationServer = oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 'a-client-secret' })
  const own = () => requestAgentIdentity({ authorizationServer, resource: ISSUER, fetch, clock: world.clock })
  const agent = { name: 'agent:payer', actorToken: give === undefined ? own : give(own) }
  const guard = world.guard({ authorizationServer, fetch, agent })
  const run = (subject = 'ann') => {
    const proof = { token: new Token(`session-of-${subject}`), type: 'access_token' } as const
    const identity = admit({ ...fieldsOf(user()), subject }, proof)
    return guard.run(reads, world.call({ identity, slot: crypto.randomUUID() }), async () => 'ran')
  }
  const grants = () => forms.map((form) => (form.has('subject_token') ? 'exchange' : form.get('grant_type')))
  return { ...world, says, forms, run, grants }
}

describe('a guard whose agent has a token of its own', () => {
  test('sends it with each exchange, and asks for it once', async () => {
    const { run, forms, grants } = exchanging()
    expect(await run('ann')).toMatchObject({ status: 'done' })
    expect(await run('bob')).toMatchObject({ status: 'done' })
    expect(grants()).toEqual(['client_credentials', 'exchange', 'exchange'])
    for (const form of forms.slice(1)) {
      expect(form.get('actor_token')).toBe('token-1')
      expect(form.get('actor_token_type')).toBe(accessTokenType)
    }
    expect(forms.map((form) => form.get('subject_token'))).toEqual([null, 'session-of-ann', 'session-of-bob'])
  })

  test('asks once for calls that come at the same time', async () => {
    const { run, grants } = exchanging()
    await Promise.all(['ann', 'bob', 'carol'].map(run))
    expect(grants().filter((grant) => grant === 'client_credentials')).toHaveLength(1)
  })

  test('asks for another one when it has expired', async () => {
    const { run, clock, grants } = exchanging()
    await run('ann')
    clock.advance(601)
    await run('bob')
    expect(grants()).toEqual(['client_credentials', 'exchange', 'client_credentials', 'exchange'])
  })

  test('asks for another one after the issuer refused an exchange with it', async () => {
    const { run, says, grants } = exchanging()
    Object.assign(says, { exchange: { error: 'invalid_request' }, exchangeStatus: 400 })
    expect(await run('ann')).toMatchObject({ status: 'interrupted', interrupt: { kind: 'login_required' } })
    Object.assign(says, { exchange: {}, exchangeStatus: 200 })
    expect(await run('ann')).toMatchObject({ status: 'done' })
    expect(grants()).toEqual(['client_credentials', 'exchange', 'client_credentials', 'exchange'])
  })

  test('takes its own token back from no exchange', async () => {
    const { run, says } = exchanging()
    says.exchange = { access_token: 'token-1' }
    const outcome = await run()
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(outcome.trace.steps.at(-1)?.detail).toContain('returned the token that was to be exchanged')
  })

  test('exchanges without one where its function gives none for this issuer', async () => {
    const asked: string[] = []
    const { run, grants } = exchanging(() => ({ issuer }) => {
      asked.push(issuer)
      return undefined
    })
    expect(await run()).toMatchObject({ status: 'interrupted' })
    expect(grants()).toEqual(['exchange'])
    expect(asked).toEqual([ISSUER])
  })
})

describe('an agent that cannot be proved', () => {
  test.each(['invalid_client', 'invalid_request', 'invalid_grant'])(
    'to the issuer (%s) is misconfigured: no user can help by signing in',
    async (error) => {
      const { run, says, grants } = exchanging()
      Object.assign(says, { agent: { error }, agentStatus: 400 })
      const outcome = await run()
      expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
      expect(outcome.trace.steps.at(-1)?.detail).toContain('agent.actorToken')
      expect(grants()).toEqual(['client_credentials'])
    },
  )

  test('for an outage is unavailable', async () => {
    const { run, says } = exchanging()
    Object.assign(says, { agent: { error: 'temporarily_unavailable' }, agentStatus: 400 })
    expect(await run()).toMatchObject({ status: 'unavailable' })
    says.agentStatus = 503
    expect(await run()).toMatchObject({ status: 'unavailable' })
  })

  test.each<[string, () => unknown]>([
    ['what no verification made', () => ({ kind: 'agent', issuer: ISSUER, clientId: 'agent', claims: {} })],
    ['a user', () => admit(user({ subject: 'bob' }), { token: new Token('t'), type: 'access_token' })],
    ['an agent without a token', () => admit({ kind: 'agent', issuer: ISSUER, clientId: 'agent', claims: {} })],
    [
      'the agent at another issuer',
      () =>
        admit(
          { kind: 'agent', issuer: 'https://other.example', clientId: 'agent', claims: {} },
          { token: new Token('t'), type: 'access_token' },
        ),
    ],
  ])('by %s sends nothing', async (_, give) => {
    const { run, grants } = exchanging(() => give as Give)
    const outcome = await run()
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(outcome.trace.steps.at(-1)?.detail).toContain('agent.actorToken')
    expect(grants()).toEqual([])
  })
})

describe('agent.actorToken is refused', () => {
  const make = (authorizationServer: GuardOptions['authorizationServer'], actorToken: unknown) => () =>
    smallWorld().guard({ authorizationServer, agent: { name: 'agent:payer', actorToken: actorToken as Give } })
  const plain = { issuer: ISSUER, clientId: 'agent', clientSecret: 'a-client-secret' }

  test.each<[string, GuardOptions['authorizationServer'], unknown]>([
    ['where it is no function', oidc(plain), 'a-token'],
    ['at a provider without an exchange', oidc({ ...plain, exchange: false }), () => undefined],
    [
      'at a provider whose exchange takes none',
      entra({ tenantId: 'aaaabbbb-0000-cccc-1111-dddd2222eeee', clientId: 'agent', clientSecret: 's' }),
      () => undefined,
    ],
  ])('%s', (_, authorizationServer, actorToken) => {
    expect(make(authorizationServer, actorToken)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'agent.actorToken' }),
    )
  })
})
