import { verifies } from '@behalf/testing/requirements'
import { describe, expect } from 'vitest'
import { admit, fieldsOf } from '../../src/identity/verified.ts'
import { readActor } from '../../src/identity/wire.ts'
import { generateDpopKey } from '../../src/oauth/client/dpop-key.ts'
import { subjectOf } from '../../src/oauth/jwt/read-claims.ts'
import { oidc } from '../../src/oauth/profiles/oidc.ts'
import { tokenScopes } from '../../src/oauth/tokens/scopes.ts'
import { API, ann, exchangeServer, SECONDS } from '../unit/token-exchange/exchange-server.ts'

const server = await exchangeServer()
const form = () => server.forms.at(-1) as URLSearchParams

/** The claims of the examples of RFC 8693 §4, as they are printed there. */
const figures = {
  /** §4.1: the actor of a token. */
  act: {
    aud: 'https://consumer.example.com',
    iss: 'https://issuer.example.com',
    exp: 1443904177,
    nbf: 1443904077,
    sub: 'user@example.com',
    act: { sub: 'admin@example.com' },
  },
  /** §4.1: a chain of delegation. */
  chain: {
    aud: 'https://service26.example.com',
    iss: 'https://issuer.example.com',
    exp: 1443904100,
    nbf: 1443904000,
    sub: 'user@example.com',
    act: {
      sub: 'https://service16.example.com',
      act: { sub: 'https://service77.example.com' },
    },
  },
  /** §4.2 */
  scope: {
    aud: 'https://consumer.example.com',
    iss: 'https://issuer.example.com',
    exp: 1443904177,
    nbf: 1443904077,
    sub: 'dgaf4mvfs75Fci_FL3heQA',
    scope: 'email profile phone address',
  },
  /** §4.3 */
  clientId: {
    aud: 'https://consumer.example.com',
    iss: 'https://issuer.example.com',
    exp: 1443904177,
    sub: 'user@example.com',
    client_id: 's6BhdRkqt3',
  },
  /** §4.4 */
  mayAct: {
    aud: 'https://consumer.example.com',
    iss: 'https://issuer.example.com',
    exp: 1443904177,
    nbf: 1443904077,
    sub: 'user@example.com',
    may_act: { sub: 'admin@example.com' },
  },
} as const

const plain = oidc({ issuer: 'https://issuer.example.com', clientId: 's6BhdRkqt3', clientSecret: 'secret' })

describe('RFC 8693 §4: the examples', () => {
  verifies('RFC8693-4.1-act', 'figure of §4.1: admin acts for user', async () => {
    expect(subjectOf(plain, figures.act)).toBe('user@example.com')
    expect(readActor(figures.act.act)).toEqual({ subject: 'admin@example.com' })
    server.tokenSays({ act: figures.act.act })
    const exchanged = await server.exchange({ actor: { subject: 'admin@example.com' } })
    expect(exchanged.actor).toEqual({ subject: 'admin@example.com' })
  })

  verifies('RFC8693-4.1-act', 'figure of §4.1: service16 acts, and service77 acted before', async () => {
    const chain = { subject: 'https://service16.example.com', actor: { subject: 'https://service77.example.com' } }
    expect(readActor(figures.chain.act)).toEqual(chain)
    server.tokenSays({ act: figures.chain.act })
    expect((await server.exchange()).actor).toEqual(chain)
  })

  verifies('RFC8693-4.2-scope', 'figure of §4.2', async () => {
    const scopes = ['email', 'profile', 'phone', 'address']
    expect(tokenScopes(plain.token, figures.scope)).toEqual(scopes)
    server.tokenSays({ scope: figures.scope.scope })
    const asked = [...scopes].reverse()
    expect((await server.exchange({ scopes: asked })).scopes).toEqual(asked)
    await expect(server.exchange({ scopes: ['email', 'profile', 'phone'] })).rejects.toThrow('address')
  })

  verifies('RFC6749-3.3-scope', 'a list of scopes is read as one, and nothing else is', async () => {
    server.tokenSays({ scope: ['email'] })
    expect((await server.exchange({ scopes: ['email', 'phone'] })).scopes).toEqual(['email'])
    for (const scope of [['email phone'], 'email\tphone', { email: true }]) {
      server.tokenSays({ scope })
      await expect(server.exchange({ scopes: ['email', 'phone'] })).rejects.toThrow('cannot be read')
    }
  })

  verifies('RFC8693-4.3-client_id', 'figure of §4.3', async () => {
    expect(plain.token.clientId(figures.clientId)).toBe('s6BhdRkqt3')
    server.tokenSays({ client_id: figures.clientId.client_id })
    await expect(server.exchange()).rejects.toThrow('another client')
    const authorizationServer = server.connect({ clientId: 's6BhdRkqt3' })
    await expect(server.exchange({ authorizationServer })).resolves.toMatchObject({ verified: true })
  })

  verifies('RFC8693-4.4-may_act', 'figure of §4.4: only admin may act', async () => {
    const identity = admit({ ...fieldsOf(ann), claims: { may_act: figures.mayAct.may_act } })
    await expect(server.exchange({ identity, actor: { subject: 'agent:trader' } })).rejects.toMatchObject({
      code: 'ERR_INVALID_TOKEN',
      reason: 'actor',
    })
    expect(server.forms).toEqual([])
    server.tokenSays({ act: { sub: 'admin@example.com' } })
    await expect(server.exchange({ identity, actor: { subject: 'admin@example.com' } })).resolves.toBeDefined()
  })
})

describe('RFC 8693 §1.1', () => {
  verifies('RFC8693-1.1-impersonation', 'a token without an actor is no delegation', async () => {
    server.tokenSays({ act: undefined })
    await expect(server.exchange({ actor: { subject: 'agent:trader' } })).rejects.toThrow('impersonation')
    await expect(server.exchange({ actor: {} })).rejects.toThrow('impersonation')
  })

  verifies('RFC8693-1.1-impersonation', 'and is accepted if no actor was requested', async () => {
    server.tokenSays({ act: undefined })
    expect(await server.exchange()).toMatchObject({ verified: true })
    expect(await server.exchange()).not.toHaveProperty('actor')
  })
})

describe('RFC 8693 §2.1: targets', () => {
  verifies('RFC8693-2.1-repeated', 'each is a parameter of its own', async () => {
    server.tokenSays({ aud: ['https://a.example.com', 'b'] })
    const exchanged = await server.exchange({
      resource: ['https://a.example.com', 'https://c.example.com'],
      audience: ['b', 'd'],
    })
    expect(form().getAll('resource')).toEqual(['https://a.example.com', 'https://c.example.com'])
    expect(form().getAll('audience')).toEqual(['b', 'd'])
    expect(exchanged).toMatchObject({ verified: true, expiresAt: SECONDS + 60 })
    server.tokenSays({ aud: ['https://a.example.com', 'e'] })
    await expect(server.exchange({ resource: ['https://a.example.com'] })).rejects.toThrow('other APIs too')
  })

  verifies('RFC8693-2.1-repeated', 'all of them as audiences, where the provider has no resource', async () => {
    server.tokenSays({ aud: 'b' })
    await server.exchange({ authorizationServer: server.connect({ target: 'audience' }), resource: 'a', audience: 'b' })
    expect(form().getAll('audience')).toEqual(['a', 'b'])
    expect(form().has('resource')).toBe(false)
  })

  for (const wrong of ['trade-api', '/trade', `${API}#x`, `${API}#`, ' https://api.example.com', 'https://a b']) {
    verifies('RFC8693-2.1-resource', `${JSON.stringify(wrong)} is refused`, async () => {
      await expect(server.exchange({ resource: wrong })).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
      expect(server.forms).toEqual([])
    })
  }

  verifies('RFC8693-2.1-resource', 'a URN is one', async () => {
    server.tokenSays({ aud: 'urn:example:api' })
    await expect(server.exchange({ resource: 'urn:example:api' })).resolves.toBeDefined()
  })
})

describe('RFC 9449: an exchange by a client that has a key', () => {
  verifies('RFC9449-5-discard', 'a Bearer token is no answer to a proof', async () => {
    const authorizationServer = server.connect({ dpop: await generateDpopKey() })
    await expect(server.exchange({ authorizationServer })).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    await expect(server.exchange()).resolves.toMatchObject({ verified: true })
  })
})
