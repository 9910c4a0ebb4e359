import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { idJag } from '../../../src/entrypoints/enterprise.ts'
import { auth0, type DpopKey, generateDpopKey, oidc } from '../../../src/entrypoints/providers.ts'
import type { ResourceRule } from '../../../src/entrypoints/spi.ts'
import { tokenKey } from '../../../src/guard/credentials/token-key.ts'
import { policy, resource } from '../../../src/index.ts'
import { authorizationServers } from '../../../src/oauth/authorization-servers.ts'
import { ISSUER, schema, smallWorld, user } from './small-world.ts'

const API = 'https://api.trade.example/'
const there = oidc({ issuer: 'https://auth.trade.example', clientId: 'agent', clientSecret: 'a-secret-at-trade' })
const through = idJag({ authorizationServer: there })
const bridged = resource(API, { scopes: ['trade:write'], through })
const own = resource(API, { scopes: ['trade:write'] })
/** The guard's own, as it would be with this key. */
const serversOf = (dpop?: DpopKey) =>
  authorizationServers(oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 'a-client-secret', dpop }), {
    fetch: () => Promise.reject(new TypeError('no request expected')),
    clock: Date,
    timeoutMs: 1000,
  })
const approval = {
  message: () => 'Trade?',
  details: () => [{ type: 'stock_order' }],
}

describe('a resource through an ID-JAG', () => {
  test(verifies('A9', 'an approval’s own token is never its credential: another server issues'), async () => {
    // A provider whose answers carry the details inside their token.
    const profile = auth0({ domain: 'issuer.example', clientId: 'agent', clientSecret: 'a-client-secret' })
    const { guard, call, questions, channel } = smallWorld()
    const carries = { ...channel, carriesCredential: () => true }
    const identity = user({ issuer: profile.issuer })
    const behalf = guard({ authorizationServer: profile, approvals: carries })
    await behalf.run(policy(schema, { access: { trade: own }, approval }), call({ identity, slot: 'own' }), () => 'ran')
    await behalf.run(
      policy(schema, { access: { trade: bridged }, approval }),
      call({ identity, slot: 'far' }),
      () => 'ran',
    )
    expect(questions.map(({ credential }) => credential?.resource)).toEqual([API, undefined])
  })

  test('so the server cannot enforce it', () => {
    const enforced = { ...approval, enforcedBy: 'server' } as const
    expect(() => policy(schema, { access: { trade: own }, approval: enforced })).not.toThrow()
    expect(() => policy(schema, { access: { trade: bridged }, approval: enforced })).toThrow(/enforcedBy/)
  })

  test('its token is not the one of an exchange', () => {
    const identity = user()
    const keyOf = (rule: ResourceRule) => tokenKey(identity, rule, rule.scopes, serversOf())
    expect(keyOf(bridged)).not.toBe(keyOf(own))
    expect(keyOf(resource(API, { scopes: ['trade:write'], through }))).toBe(keyOf(bridged))
  })

  test('nor is it the one of another client of ours at that server, or of another key (I2)', async () => {
    const identity = user()
    const keyOf = (over: object) => {
      const profile = oidc({ issuer: there.issuer, clientId: 'agent', clientSecret: 'a-secret-at-trade', ...over })
      const rule = resource(API, { scopes: ['trade:write'], through: idJag({ authorizationServer: profile }) })
      return tokenKey(identity, rule, rule.scopes, serversOf())
    }
    const dpop = await generateDpopKey()
    const keys = [keyOf({}), keyOf({ clientId: 'another' }), keyOf({ dpop }), keyOf({ dpop: await generateDpopKey() })]
    expect(new Set(keys).size).toBe(4)
    expect(keyOf({ dpop })).toBe(keys[2])
  })

  test('an exchanged token is kept by the key that the profile has here and now (I2)', async () => {
    const identity = user()
    const keyOf = (dpop?: DpopKey) => tokenKey(identity, own, own.scopes, serversOf(dpop))
    const dpop = await generateDpopKey()
    expect(new Set([keyOf(), keyOf(dpop), keyOf(await generateDpopKey())]).size).toBe(3)
    expect(keyOf(dpop)).toBe(keyOf(dpop))
  })

  test('the digest of a policy holds the server, and no secret', () => {
    expect(JSON.parse(JSON.stringify(bridged))).toEqual({
      kind: 'resource',
      resource: API,
      through: { kind: 'id-jag', issuer: 'https://auth.trade.example' },
      scopes: ['trade:write'],
      origins: ['https://api.trade.example'],
    })
  })

  test('without an id_token the user has to sign in; an agent without a user gets no assertion', async () => {
    const { guard, call } = smallWorld()
    const reads = policy(schema, { access: { trade: bridged } })
    expect(await guard().run(reads, call(), () => 'ran')).toMatchObject({ interrupt: { kind: 'login_required' } })
  })
})
