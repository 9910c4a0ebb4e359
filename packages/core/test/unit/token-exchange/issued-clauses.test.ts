import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { admit, fieldsOf } from '../../../src/identity/verified.ts'
import { checkMayAct } from '../../../src/token-exchange/check-issued-token.ts'
import { TokenCache } from '../../../src/token-exchange/token-cache.ts'
import { tokenCacheKey } from '../../../src/token-exchange/token-cache-key.ts'
import { API, ann, exchangeServer, ISSUER } from './exchange-server.ts'

const server = await exchangeServer()
const dropped = async (work: Promise<unknown>, why: string) => {
  await expect(work).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE', message: expect.stringContaining(why) })
}

describe('what an issued token leaves out says nothing against it', () => {
  test('its client, where the profile does not ask for one', async () => {
    const authorizationServer = server.connect({ token: { requiredClaims: ['sub'] } })
    server.tokenSays({ client_id: undefined })
    await expect(server.exchange({ authorizationServer })).resolves.toMatchObject({ verified: true })
    server.tokenSays({ client_id: 'other-app' })
    await dropped(server.exchange({ authorizationServer }), 'another client')
  })

  test('its tenant', async () => {
    const tenant = ({ org }: Readonly<Record<string, unknown>>) => (typeof org === 'string' ? org : undefined)
    const authorizationServer = server.connect({ token: { tenant } })
    const identity = admit({ ...fieldsOf(ann), tenant: 'acme' })
    for (const org of [undefined, 'acme']) {
      server.tokenSays({ org })
      await expect(server.exchange({ authorizationServer, identity })).resolves.toMatchObject({ verified: true })
    }
    server.tokenSays({ org: 'other' })
    await dropped(server.exchange({ authorizationServer, identity }), 'another tenant')
  })

  test('its scopes: then they are as the answer says, or as asked', async () => {
    server.tokenSays({ scope: undefined })
    await expect(server.exchange()).resolves.toMatchObject({ scopes: ['portfolio:read', 'trade:write'] })
    server.answerSays({ scope: 'trade:write' })
    await expect(server.exchange()).resolves.toMatchObject({ scopes: ['trade:write'] })
  })

  test('details, where none were asked for', async () => {
    const authorizationServer = server.connect({ exchange: { carriesAuthorizationDetails: true } })
    const exchange = () => server.exchange({ authorizationServer, authorizationDetails: [] })
    await expect(exchange()).resolves.toBeDefined()
    server.answerSays({ authorization_details: [{ type: 'stock_order' }] })
    await dropped(exchange(), 'authorization details')
  })
})

describe('what an issued token says is held to what was asked, whatever the answer says', () => {
  const details = [{ type: 'stock_order', quantity: 10 }]

  test.each([
    ['more', [...details, { type: 'stock_order', quantity: 9999 }]],
    ['other', [{ type: 'stock_order', quantity: 9999 }]],
    ['none, as a list', []],
  ])('details: %s than the answer names', async (_, authorization_details) => {
    const authorizationServer = server.connect({ exchange: { carriesAuthorizationDetails: true } })
    const exchange = () => server.exchange({ authorizationServer, authorizationDetails: details })
    server.answerSays({ authorization_details: details })
    await expect(exchange()).resolves.toMatchObject({ verified: true })
    server.tokenSays({ authorization_details })
    await dropped(exchange(), 'authorization details')
  })

  test.each([[[['https://other.example.com']]], [[5]], [[null]]])('an audience that is no text: %j', async (more) => {
    server.tokenSays({ aud: [API, ...more] })
    await dropped(server.exchange(), 'other APIs too')
  })

  test.each([[['agent-app']], [['other-app']], [5]])('a client whose name cannot be read: %j', async (client_id) => {
    server.tokenSays({ client_id })
    await dropped(server.exchange(), 'another client')
  })
})

test('only an access token whose type does not tell has to look like one', async () => {
  const token = { accessTokenTypes: ['at+jwt', 'jwt'], isAccessToken: () => false }
  const authorizationServer = server.connect({ token })
  await expect(server.exchange({ authorizationServer })).resolves.toMatchObject({ verified: true })
  server.tokenSays({}, { typ: 'JWT' })
  await dropped(server.exchange({ authorizationServer }), 'no access token')
  server.answerSays({ issued_token_type: 'urn:ietf:params:oauth:token-type:jwt' })
  const other = server.exchange({ authorizationServer, requestedTokenType: 'jwt' })
  await expect(other).resolves.toMatchObject({ verified: true })
})

test('a may_act that names no issuer lets an actor of any', () => {
  const expected = { subject: 'a', issuer: ISSUER }
  expect(() => checkMayAct({ may_act: { sub: 'a' } }, expected)).not.toThrow()
  expect(() => checkMayAct({ may_act: { sub: 'a', iss: 'https://other.example.com' } }, expected)).toThrow()
})

test('a token that is not due is given without asking for the next one', async () => {
  const cache = new TokenCache()
  const key = tokenCacheKey(
    { kind: 'agent', issuer: 'https://issuer.example', clientId: 'agent', claims: {} },
    { source: 'resource', target: 'https://api.example/', scopes: [] },
  )
  let loads = 0
  const load = async () => {
    loads++
    return { token: new Token('t'), scopes: ['a'], expiresAt: Date.now() / 1000 + 600 }
  }
  const first = await cache.get(key, load)
  expect(await cache.get(key, load)).toBe(first)
  await new Promise((resolve) => setImmediate(resolve))
  expect(loads).toBe(1)
})
