import { describe, expect, test } from 'vitest'
import { generateDpopKey, type OidcOptions, oidc } from '../../../src/entrypoints/providers.ts'
import { connectAuthorizationServer } from '../../../src/entrypoints/spi.ts'
import type { Fetch } from '../../../src/index.ts'
import type { AuthorizationServer } from '../../../src/oauth/server.ts'
import { checker, question } from '../permissions/fga-server.ts'
import { world } from '../sign-in/sessions-world.ts'
import { signedIn, signInWorld } from '../sign-in/sign-in-world.ts'
import { everythingShownBy, rejection } from './mock-issuer.ts'

const issuer = 'https://login.example.com'
const metadata = {
  issuer,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/revoke`,
  introspection_endpoint: `${issuer}/introspect`,
  device_authorization_endpoint: `${issuer}/device`,
  backchannel_authentication_endpoint: `${issuer}/bc-authorize`,
}
/** With characters that a form writes in another way. */
const secret = (name: string) => `${name}/with+all=&"signs" %`

/** A fetch of an app that answers documents, and quotes every other request in its error, in each spelling. */
function quoting(documents?: Fetch) {
  const sent = new Set<string>()
  const fetch: Fetch = async (input, init = {}) => {
    const url = String(input)
    const headers = new Headers(init.headers)
    const proofs = [headers.get('authorization')?.split(' ')[1], headers.get('dpop')]
    const isDocument = init.method !== 'POST' && proofs.every((proof) => !proof)
    if (isDocument) return documents ? documents(input, init) : Response.json(metadata)
    const body = init.body instanceof URLSearchParams ? [...init.body] : []
    for (const text of [...proofs, ...body.map(([, value]) => value)]) if (text && text.length > 5) sent.add(text)
    const quoted = [JSON.stringify([...headers]), `${init.body}`, decodeURIComponent(`${init.body}`), ...sent].join(' ')
    const cause = Object.assign(new Error(`socket closed while sending ${quoted}`), { code: `E ${quoted}` })
    throw Object.assign(new TypeError(`POST ${url} failed: ${quoted}`, { cause }), { name: `Fault ${quoted}` })
  }
  return { fetch, sent }
}

function expectHidden(error: unknown, sent: ReadonlySet<string>) {
  expect(sent.size).toBeGreaterThan(0)
  const shown = everythingShownBy(error)
  for (const text of sent) {
    expect(shown).not.toContain(text)
    expect(shown).not.toContain(`${new URLSearchParams({ '': text })}`.slice(1))
  }
}

const key = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
const clients: Readonly<Record<string, Partial<OidcOptions>>> = {
  client_secret_basic: { clientSecret: secret('client') },
  client_secret_post: {
    clientAuthentication: { method: 'client_secret_post', clientSecret: secret('client') } as const,
  },
  private_key_jwt: { privateKey: key.privateKey, algorithm: 'ES256' },
  'a DPoP key': { clientSecret: secret('client'), dpop: await generateDpopKey() },
}
const grant =
  (type: string, ...names: readonly string[]) =>
  (server: AuthorizationServer) =>
    server.grant(type, Object.fromEntries(names.map((name) => [name, secret(name)])))
const requests: Readonly<Record<string, (server: AuthorizationServer) => Promise<unknown>>> = {
  'a refresh': grant('refresh_token', 'refresh_token'),
  'a token exchange': grant('urn:ietf:params:oauth:grant-type:token-exchange', 'subject_token', 'actor_token'),
  'an authorization code': grant('authorization_code', 'code', 'code_verifier'),
  'a poll of CIBA': grant('urn:openid:params:grant-type:ciba', 'auth_req_id'),
  'a poll of a device': grant('urn:ietf:params:oauth:grant-type:device_code', 'device_code'),
  'a grant with a parameter of its server': grant('urn:example:grant', 'ticket_of_example'),
  'a revocation': (server) => server.revoke(secret('token')),
  'an introspection': (server) => server.introspect(secret('token')),
  'a question by CIBA': (server) =>
    server.requestBackchannelAuthentication({ login_hint_token: secret('hint'), binding_message: 'Pay 50 dollars' }),
  'a device login': (server) => server.requestDeviceAuthorization({ scope: 'openid profile' }),
}

describe('an app’s fetch that quotes its request in its error shows nothing of it', () => {
  for (const [name, options] of Object.entries(clients))
    test.each(Object.entries(requests))(`%s, of a client with ${name}`, async (_, ask) => {
      const { fetch, sent } = quoting()
      const surroundings = { fetch, clock: { now: Date.now }, timeoutMs: 10_000 }
      const server = connectAuthorizationServer(oidc({ issuer, clientId: 'the-agent', ...options }), surroundings)
      const error = await rejection(ask(server))
      expect(error).toMatchObject({ code: 'ERR_TRANSPORT', cause: { cause: expect.any(Error) } })
      expect(String((error as Error).cause)).toContain(`POST ${issuer}/`)
      expectHidden(error, sent)
    })

  test('the renewal of a session', async () => {
    const { sessions, answer, clock } = await world()
    const { json, tokens } = await answer()
    const { fetch, sent } = quoting(globalThis.fetch)
    const renewing = sessions({ fetch })
    const { id } = await sessions({ fetch: globalThis.fetch }).create(json as never, { nonce: tokens.nonce } as never)
    clock.advance(7200)
    const outcome: unknown = await renewing.identity(id).catch((error: unknown) => error)
    expect(sent).toContain(tokens.refreshToken)
    expectHidden(outcome, sent)
  })

  test('a pushed authorization request, and the claims of a user', async () => {
    const { fetch, sent } = quoting()
    const there = await signInWorld()
    const { identity } = await signedIn(there)
    const at = there.signInAt({
      fetch: (input, init) =>
        (init?.method === 'POST' || new Headers(init?.headers).has('authorization') ? fetch : there.fetch)(
          input as never,
          init,
        ),
      pushRequest: true,
    })
    expectHidden(await rejection(at.userInfo(identity)), sent)
    sent.clear()
    expectHidden(await rejection(at.start(new Request('https://app.example.com/login'))), sent)
  })

  test('a check of OpenFGA with a token', async () => {
    const { fetch, sent } = quoting()
    const credentials = { method: 'apiToken', token: 'token-of-openfga' } as const
    expectHidden(await rejection(checker({ fetch, credentials }).check(question({ subjects: 'user' }))), sent)
  })
})
