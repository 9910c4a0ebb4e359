import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { idJag } from '../../../src/entrypoints/enterprise.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { admit } from '../../../src/identity/verified.ts'
import { policy, resource } from '../../../src/index.ts'
import { ISSUER, schema, smallWorld } from './small-world.ts'

const API = 'https://api.example/'
const api = resource(API, { scopes: ['write'], withoutApproval: ['read'] })
const approval = {
  message: () => 'Pay?',
  details: () => [{ type: 'payment' }],
  when: ({ input }: { input: { amount: number } }) => input.amount > 10,
}
const pays = policy(schema, { version: '1', approval, access: { api } })
const looks = policy(schema, { version: '1', access: { api: resource(API, { scopes: ['read'] }) } })

const json = (body: object, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })

type Profile = Partial<Parameters<typeof oidc>[0]>

/** An issuer that exchanges, an API that takes every token, and what both were sent. */
function exchanging(over: Profile = {}) {
  const world = smallWorld()
  const forms: URLSearchParams[] = []
  const authorizations: (string | null)[] = []
  let onAsked = () => {}
  const server = { refuses: undefined as string | undefined, apiSays: 200 }
  const answer = (form: URLSearchParams) => ({
    access_token: `token-${forms.length}`,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: 600,
    ...(form.has('authorization_details') && {
      authorization_details: JSON.parse(form.get('authorization_details') ?? ''),
    }),
  })
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init)
    if (request.url.startsWith(API)) {
      authorizations.push(request.headers.get('authorization'))
      return new Response(null, { status: server.apiSays })
    }
    if (request.url.includes('.well-known')) return json({ issuer: ISSUER, token_endpoint: `${ISSUER}/token` })
    const form = new URLSearchParams(await request.text())
    forms.push(form)
    onAsked()
    const [error, error_description] = server.refuses?.split(': ') ?? []
    return error === undefined ? json(answer(form)) : json({ error, error_description }, 400)
  }
  const authorizationServer = oidc({
    issuer: ISSUER,
    clientId: 'agent',
    clientSecret: 'a-client-secret',
    ...over,
  })
  const identity = admit(
    { kind: 'user', issuer: ISSUER, subject: 'ann', clientId: 'agent', claims: { iat: 1_799_999_000 } },
    { token: new Token('a-session-token'), type: 'access_token', audience: ['agent'], scopes: [] },
  )
  const behalf = world.guard({ authorizationServer, fetch: fetch as typeof globalThis.fetch })
  const sends = (_: unknown, { access }: { access: { api: { fetch: typeof globalThis.fetch } } }) =>
    access.api.fetch(`${API}pay`, { method: 'POST' }).then(({ status }) => status)
  const run = (amount: number, rules = pays as typeof looks) =>
    behalf.run(rules, world.call({ identity, input: { amount } }), sends as never)
  const preflight = (amount: number, rules: typeof looks) =>
    behalf.preflight(rules, world.call({ identity, input: { amount } }))
  const approve = async (amount = 50) => {
    await run(amount)
    world.answers({ status: 'approved' })
    world.clock.advance(10)
    return run(amount)
  }
  const whenAsked = (does: () => void) => {
    onAsked = does
  }
  return { ...world, server, forms, authorizations, run, preflight, approve, whenAsked }
}

describe('what an exchange is asked for', () => {
  test.each<readonly [string, Profile, boolean]>([
    ['with what was approved, where the server carries it', { exchange: { carriesAuthorizationDetails: true } }, true],
    ['without it, where the server does not', {}, false],
  ])('after an approval: %s', async (_, profile, carries) => {
    const { approve, forms, authorizations } = exchanging(profile)
    expect(await approve()).toMatchObject({ status: 'done', result: 200 })
    expect(forms.map((form) => form.get('scope'))).toEqual(['write'])
    expect(forms[0]?.get('authorization_details') ?? undefined).toBe(carries ? '[{"type":"payment"}]' : undefined)
    expect(authorizations).toEqual(['Bearer token-1'])
  })

  test('without an approval: with no details at all', async () => {
    const { run, forms } = exchanging({ exchange: { carriesAuthorizationDetails: true } })
    expect(await run(5)).toMatchObject({ status: 'done' })
    expect(forms.map((form) => form.get('scope'))).toEqual(['read'])
    expect(forms[0]?.has('authorization_details')).toBe(false)
  })

  test(
    verifies('A9', 'where a call needs the yes that it got no more: with no details, in a token that is kept'),
    async () => {
      const { run, preflight, answers, clock, forms } = exchanging({ exchange: { carriesAuthorizationDetails: true } })
      let limit = 10
      const when = ({ input }: { input: { amount: number } }) => input.amount > limit
      const rules = policy(schema, { version: '1', approval: { ...approval, when }, access: { api } }) as typeof looks
      await run(50, rules)
      answers({ status: 'approved' })
      clock.advance(10)
      expect(await preflight(50, rules)).toMatchObject({ status: 'ready' })
      limit = 100
      expect(await run(50, rules)).toMatchObject({ status: 'done' })
      expect(forms.map((form) => form.get('scope'))).toEqual(['read'])
      expect(forms[0]?.has('authorization_details')).toBe(false)
    },
  )

  test('of another server nothing: its API is not named to ours', async () => {
    const { run, forms } = exchanging()
    const there = oidc({ issuer: 'https://auth.far.example', clientId: 'agent', clientSecret: 'a-secret-there' })
    const far = resource('https://far.example/', {
      scopes: ['read'],
      through: idJag({ authorizationServer: there }),
    })
    const outcome = await run(5, policy(schema, { access: { api: far } }) as never)
    expect(outcome).toMatchObject({ status: 'interrupted', interrupt: { kind: 'login_required' } })
    expect(outcome.trace.steps.at(-1)?.detail).toContain('id_token')
    expect(forms).toEqual([])
  })

  test('an approved call exchanges for itself alone; others share what they have (I2)', async () => {
    const { run, approve, forms } = exchanging()
    await approve(50)
    await approve(60)
    expect(forms).toHaveLength(2)
    await run(5, looks)
    await run(6, looks)
    expect(forms).toHaveLength(3)
  })

  test('an API that refuses a shared token gets a fresh one, and the next call has that', async () => {
    const { run, forms, authorizations, server } = exchanging()
    await run(5, looks)
    server.apiSays = 401
    expect(await run(6, looks)).toMatchObject({ status: 'done', result: 401 })
    expect(authorizations).toEqual(['Bearer token-1', 'Bearer token-1', 'Bearer token-2'])
    server.apiSays = 200
    await run(7, looks)
    expect(forms).toHaveLength(2)
    expect(authorizations.at(-1)).toBe('Bearer token-2')
  })
})

describe('an exchange that is refused', () => {
  const described = { exchange: { loginRequiredErrors: ['invalid_request: Invalid token'] } }
  test.each<readonly [string, Profile, object]>([
    ['invalid_request', {}, { status: 'interrupted', interrupt: { kind: 'login_required' } }],
    ['invalid_target', {}, { status: 'denied', code: 'misconfigured' }],
    ['invalid_request', { exchange: { loginRequiredErrors: [] } }, { status: 'denied', code: 'misconfigured' }],
    ['invalid_request: Invalid token', described, { status: 'interrupted', interrupt: { kind: 'login_required' } }],
    ['invalid_request: Requested audience not available', described, { status: 'denied', code: 'misconfigured' }],
    ['invalid_request', described, { status: 'denied', code: 'misconfigured' }],
  ])('as %s, with %o: as the profile says what it means', async (error, profile, expected) => {
    const { run, server } = exchanging(profile)
    server.refuses = error
    expect(await run(5, looks)).toMatchObject(expected)
  })

  test('by a port of the app, in the words of a server, is no word of the server', async () => {
    const details: (string | undefined)[] = []
    // The clock fails at each time that it is read after the server was asked, once.
    for (let at = 1; at <= 8; at++) {
      const { run, clock, whenAsked } = exchanging()
      let left = Number.POSITIVE_INFINITY
      whenAsked(() => {
        left = at
      })
      const now = clock.now
      clock.now = () => {
        if (--left === 0) throw Object.assign(new Error('no time'), { error: 'invalid_request' })
        return now()
      }
      const outcome = await run(5, looks).catch(() => undefined)
      expect(outcome?.status).not.toBe('interrupted')
      details.push(outcome?.trace.steps.at(-1)?.detail)
    }
    expect(details).toContain('a port threw: Error')
  })

  test('since the provider has none, is told as that', async () => {
    const { run, forms } = exchanging({ exchange: false })
    const outcome = await run(5, looks)
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(outcome.trace.steps.at(-1)?.detail).toContain('exchange')
    expect(forms).toEqual([])
  })
})
