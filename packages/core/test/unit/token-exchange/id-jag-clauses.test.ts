import { HttpResponse, http } from 'msw'
import { describe, expect, test } from 'vitest'
import { generateDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { redeemIdJag } from '../../../src/token-exchange/redeem-id-jag.ts'
import { API, AS, EMPLOYER, twoIssuers } from './two-issuers.ts'

const world = await twoIssuers()
const { says, forms, msw } = world
const dropped = async (work: Promise<unknown>, why: string) => {
  await expect(work).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE', message: expect.stringContaining(why) })
}
const noKeys = (issuer: string) => msw.use(http.get(`${issuer}/jwks`, () => new HttpResponse(null, { status: 503 })))

describe('an assertion', () => {
  test.each([
    ['its answer names', { scope: 'trade:write' }, ['trade:write']],
    ['were asked, if neither names any', {}, ['portfolio:read', 'trade:write']],
  ])('that names no scopes has those that %s', async (_, answer, scopes) => {
    says.assertion = { scope: undefined }
    says.assertionAnswer = answer
    await expect(world.assertion({ scopes: ['portfolio:read', 'trade:write'] })).resolves.toMatchObject({ scopes })
  })

  test.each([
    ['none', undefined],
    ['ours in a list', [API]],
  ])('that names as its API %s is taken', async (_, resource) => {
    says.assertion = { resource }
    await expect(world.assertion()).resolves.toMatchObject({ resource: API })
  })

  test.each([
    ['an object that reads like a list', { 0: API, length: 1 }],
    ['a list within a list', [[API]]],
    ['an empty list', []],
    ['null', null],
    ['ours and another', [API, 'https://other.example/']],
    ['another in a list', ['https://other.example/']],
  ])('that names as its API %s is dropped', async (_, resource) => {
    says.assertion = { resource }
    await dropped(world.assertion(), 'for another API')
    expect(forms.server).toEqual([])
  })

  test('that is bound to no key, and one that is bound to another, are told apart', async () => {
    const [ours, another] = [await generateDpopKey(), await generateDpopKey()]
    await dropped(world.assertion({}, ours), 'to no key')
    says.assertion = { cnf: { jkt: another.thumbprint } }
    await dropped(world.assertion({}, ours), 'to another key')
  })

  test('that is bound by a certificate, which is not checked, is dropped', async () => {
    says.assertion = { cnf: { 'x5t#S256': 'x' } }
    await dropped(world.assertion(), 'bound by x5t#S256')
    expect(forms.server).toEqual([])
  })

  test('that cannot be verified for want of keys is an outage, and no bad one', async () => {
    noKeys(EMPLOYER)
    await expect(world.assertion()).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
  })
})

describe('a token of the API’s own server', () => {
  test('that cannot be verified for want of keys is an outage, and no bad one', async () => {
    const idJag = await world.assertion()
    noKeys(AS)
    await expect(world.redeem(idJag)).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
  })

  test('need not name a client, where its profile does not ask for one', async () => {
    const token = { requiredClaims: ['sub'] }
    const there = oidc({ issuer: AS, clientId: 'agent-at-trade', clientSecret: 's', algorithms: ['ES256'], token })
    const authorizationServer = connectAuthorizationServer(there, { fetch, clock: Date, timeoutMs: 5_000 })
    const idJag = await world.assertion()
    says.token = { client_id: undefined }
    await expect(redeemIdJag({ authorizationServer, idJag })).resolves.toMatchObject({ subject: 'ann' })
    says.token = { client_id: 'other-client' }
    await dropped(redeemIdJag({ authorizationServer, idJag }), 'for another client')
  })
})
