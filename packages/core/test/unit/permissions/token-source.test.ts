import { inspect } from 'node:util'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { ConfigurationError, InvalidResponseError, TransportError } from '../../../src/base/errors/index.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import type { OpenFgaCredentials } from '../../../src/permissions/openfga/token-source.ts'
import { checker, everything, fgaServer, question } from './fga-server.ts'

const fga = fgaServer()
const ISSUER = 'https://auth.fga.example'
let asked: URLSearchParams[]
let answer: (count: number) => Response
let now: number

const credentials = (): OpenFgaCredentials => ({
  method: 'clientCredentials',
  authorizationServer: oidc({ issuer: ISSUER, clientId: 'app', clientSecret: 'a-secret-of-the-app' }),
  audience: 'https://api.fga.example/',
})
const asApp = (over: Partial<OpenFgaCredentials> = {}) =>
  checker({ credentials: { ...credentials(), ...over } as OpenFgaCredentials, clock: { now: () => now } })

beforeEach(() => {
  asked = []
  now = Date.now()
  answer = (count) => Response.json({ access_token: `token-${count}`, token_type: 'Bearer', expires_in: 600 })
  fga.know(...everything)
  fga.server.use(
    http.get(`${ISSUER}/.well-known/openid-configuration`, () =>
      HttpResponse.json({ issuer: ISSUER, token_endpoint: `${ISSUER}/token`, jwks_uri: `${ISSUER}/jwks` }),
    ),
    http.post(`${ISSUER}/token`, async ({ request }) => {
      asked.push(new URLSearchParams(await request.text()))
      return answer(asked.length) as never
    }),
  )
})

describe('client credentials', () => {
  test('a token of the app’s own, for the audience, kept until shortly before its end', async () => {
    const one = asApp()
    expect((await one.check(question())).allowed).toBe(true)
    await one.check(question())
    expect(asked.map((form) => Object.fromEntries(form))).toEqual([
      { grant_type: 'client_credentials', audience: 'https://api.fga.example/' },
    ])
    now += 569_000
    await one.check(question())
    expect(asked).toHaveLength(1)
    now += 2_000
    await one.check(question())
    expect(fga.sent.map(({ authorization }) => authorization)).toEqual([
      'Bearer token-1',
      'Bearer token-1',
      'Bearer token-1',
      'Bearer token-2',
    ])
  })

  test('many at once have one token', async () => {
    const one = asApp({ scopes: ['read', 'write'] } as never)
    await Promise.all([
      one.check(question()),
      one.check(question({ effect: 'write' })),
      one.check(question({ subjects: 'user' })),
    ])
    expect(asked.map((form) => form.get('scope'))).toEqual(['read write'])
  })

  test('of several whose token is not taken, the first has a new one, and the others take it', async () => {
    const one = asApp()
    await one.check(question())
    const late = Promise.withResolvers<void>()
    let refused = 0
    fga.misbehave(async ({ authorization, body }) => {
      if (authorization !== 'Bearer token-1') return undefined
      refused++
      // This refusal comes when the other caller has its new token.
      if (body.consistency === 'MINIMIZE_LATENCY') await late.promise
      return new HttpResponse(null, { status: 401 })
    })
    const first = one.check(question({ effect: 'write' }))
    const second = one.check(question({ subjects: 'user' }))
    expect((await first).allowed).toBe(true)
    late.resolve()
    expect((await second).allowed).toBe(true)
    expect(refused).toBe(2)
    expect(asked).toHaveLength(2)
  })

  test('a token without an end is not kept', async () => {
    answer = (count) => Response.json({ access_token: `token-${count}`, token_type: 'Bearer' })
    const one = asApp()
    await one.check(question())
    await one.check(question())
    expect(asked).toHaveLength(2)
  })

  test('one that the server no longer takes is replaced, once', async () => {
    const one = asApp()
    await one.check(question())
    fga.misbehave(({ authorization }) =>
      authorization === 'Bearer token-1' ? HttpResponse.json({ code: 'unauthenticated' }, { status: 401 }) : undefined,
    )
    expect((await one.check(question())).allowed).toBe(true)
    expect(asked).toHaveLength(2)
    fga.misbehave(() => HttpResponse.json({ code: 'unauthenticated' }, { status: 401 }))
    await expect(one.check(question())).rejects.toMatchObject({ option: 'openFga.credentials' })
    expect(asked).toHaveLength(3)
  })

  test('an API token is not asked for again', async () => {
    fga.misbehave(() => HttpResponse.json({ code: 'unauthenticated' }, { status: 401 }))
    const one = checker({ credentials: { method: 'apiToken', token: 'fixed' } })
    await expect(one.check(question())).rejects.toThrow('401')
    expect(fga.sent).toHaveLength(1)
  })

  test('a refusal of the app asks no user to sign in', async () => {
    for (const error of ['invalid_client', 'invalid_grant', 'access_denied']) {
      answer = () => Response.json({ error }, { status: 400 })
      await expect(asApp().check(question())).rejects.toThrow(ConfigurationError)
    }
    expect(fga.sent).toEqual([])
  })

  test('an outage is one, and a token of another kind is not sent', async () => {
    answer = () => new Response(null, { status: 503 })
    await expect(asApp().check(question())).rejects.toThrow(TransportError)
    answer = () => Response.json({ error: 'temporarily_unavailable' }, { status: 400 })
    await expect(asApp().check(question())).rejects.toThrow(TransportError)
    for (const kind of ['DPoP', 'N_A', 'mac']) {
      answer = () => Response.json({ access_token: 't', token_type: kind, expires_in: 60 })
      await expect(asApp().check(question())).rejects.toThrow(InvalidResponseError)
    }
    expect(fga.sent).toEqual([])
  })

  test('nothing shows secret or token', async () => {
    const one = asApp()
    await one.check(question())
    answer = () => Response.json({ error: 'invalid_client', error_description: 'a-secret-of-the-app' }, { status: 401 })
    now += 600_000
    const error = await one.check(question()).catch((thrown: unknown) => thrown)
    expect(inspect([one, error], { depth: 12, showHidden: true })).not.toMatch(/token-1|a-secret-of-the-app/)
  })

  test.each([
    ['audience', { audience: '' }],
    ['authorizationServer', { authorizationServer: 'https://x' }],
    ['credentials.clientId', { clientId: 'x' }],
  ])('%s is checked at construction', (option, over) => {
    expect(() => asApp(over as never)).toThrow(ConfigurationError)
    expect(() => asApp(over as never)).toThrow(option)
  })
})
