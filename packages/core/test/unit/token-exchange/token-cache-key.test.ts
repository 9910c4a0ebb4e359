import { verifies } from '@behalf/testing/requirements'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { Token } from '../../../src/credential/index.ts'
import { admit } from '../../../src/identity/verified.ts'
import { tokenCacheKey, type WantedToken } from '../../../src/token-exchange/token-cache-key.ts'

const ann: UserIdentity = Object.freeze({
  kind: 'user',
  issuer: 'https://login.example.com',
  subject: 'ann',
  clientId: 'web',
  claims: {},
})
const wanted: WantedToken = Object.freeze({
  source: 'resource',
  target: 'https://api.example.com',
  scopes: Object.freeze(['a', 'b']),
})
const key = tokenCacheKey(ann, wanted)

describe('tokenCacheKey', () => {
  test('does not depend on the order or the repetition of scopes', () => {
    expect(tokenCacheKey(ann, { ...wanted, scopes: ['b', 'a', 'b'] })).toBe(key)
  })

  test.each<[string, Partial<UserIdentity>]>([
    ['issuer', { issuer: 'https://other.example.com' }],
    ['tenant', { tenant: 'acme' }],
    ['subject', { subject: 'bob' }],
    ['client', { clientId: 'other' }],
    ['actor', { actor: { subject: 'agent' } }],
    ['acr', { acr: 'mfa' }],
    ['session', { sessionId: 's1' }],
    ['delegation', { delegationId: 'd1' }],
  ])(verifies('I2', 'changes with the %s'), (_, change) => {
    expect(tokenCacheKey({ ...ann, ...change }, wanted)).not.toBe(key)
  })

  test('changes with every word that is said of who acts, and of who acted before', () => {
    const agent = { subject: 'agent' }
    const chains = [
      undefined,
      agent,
      { ...agent, issuer: 'x' },
      { ...agent, clientId: 'x' },
      { ...agent, profile: 'x' },
      { ...agent, actor: { subject: 'gateway' } },
      { ...agent, actor: { subject: 'other' } },
      { ...agent, actor: { subject: 'gateway', issuer: 'x' } },
      { ...agent, actor: { subject: 'gateway', actor: agent } },
      { subject: 'gateway', actor: agent },
    ]
    const keys = chains.map((actor) => tokenCacheKey({ ...ann, ...(actor && { actor }) }, wanted))
    expect(new Set(keys).size).toBe(chains.length)
  })

  test.each<[string, Partial<WantedToken>]>([
    ['source', { source: 'connection' }],
    ['target', { target: 'https://api.example.com/' }],
    ['account', { account: '1' }],
    ['scopes', { scopes: ['a'] }],
    ['scopes, joined', { scopes: ['a b'] }],
    ['key', { keyThumbprint: 'x' }],
  ])(verifies('I2', 'changes with the %s'), (_, change) => {
    expect(tokenCacheKey(ann, { ...wanted, ...change })).not.toBe(key)
  })

  test(verifies('I2', 'changes with the token that is exchanged, and not with what else its claims say'), () => {
    const keyOf = (token: string, source: WantedToken['source'], claims = {}) =>
      tokenCacheKey(admit({ ...ann, claims }, { token: new Token(token), type: 'access_token' }), { ...wanted, source })
    expect(keyOf('second', 'resource')).not.toBe(keyOf('first', 'resource'))
    expect(keyOf('first', 'resource')).not.toBe(key)
    // An upstream's token does not come of the user's own one.
    expect(keyOf('second', 'connection')).toBe(keyOf('first', 'connection'))
    expect(keyOf('first', 'resource', { roles: ['other'] })).toBe(keyOf('first', 'resource'))
  })

  test(verifies('I2', 'different parts never share a key, whatever they contain'), () => {
    // Few letters, the ones an encoding would trip over, so that parts are often alike.
    const text = fc.string({ unit: fc.constantFrom('a', '"', ',', ']', '\\', 'null'), maxLength: 3 })
    const maybe = fc.option(text, { nil: undefined })
    const parts = fc.record({
      issuer: text,
      tenant: maybe,
      subject: text,
      clientId: maybe,
      sessionId: maybe,
      delegationId: maybe,
      acr: maybe,
      actorSubject: maybe,
      actorIssuer: maybe,
      source: fc.constantFrom('resource' as const, 'connection' as const),
      target: text,
      account: maybe,
      scopes: fc.uniqueArray(text, { maxLength: 3 }),
      keyThumbprint: maybe,
    })
    type Parts = typeof parts extends fc.Arbitrary<infer P> ? P : never
    const keyOf = (p: Parts) =>
      tokenCacheKey(
        {
          kind: 'user',
          issuer: p.issuer,
          subject: p.subject,
          claims: {},
          ...(p.tenant !== undefined && { tenant: p.tenant }),
          ...(p.clientId !== undefined && { clientId: p.clientId }),
          ...(p.sessionId !== undefined && { sessionId: p.sessionId }),
          ...(p.delegationId !== undefined && { delegationId: p.delegationId }),
          ...(p.acr !== undefined && { acr: p.acr }),
          ...(p.actorSubject !== undefined && {
            actor: { subject: p.actorSubject, ...(p.actorIssuer !== undefined && { issuer: p.actorIssuer }) },
          }),
        },
        {
          source: p.source,
          target: p.target,
          scopes: p.scopes,
          ...(p.account !== undefined && { account: p.account }),
          ...(p.keyThumbprint !== undefined && { keyThumbprint: p.keyThumbprint }),
        },
      )
    const meaning = (p: Parts) => {
      const { actorIssuer, ...rest } = p
      return {
        ...rest,
        scopes: [...p.scopes].sort(),
        actorIssuer: p.actorSubject === undefined ? undefined : actorIssuer,
      }
    }
    const equal = (left: Parts, right: Parts) =>
      Object.entries(meaning(left)).every(([name, value]) => {
        const other = meaning(right)[name as keyof Parts]
        return Array.isArray(value) && Array.isArray(other)
          ? value.length === other.length && value.every((item, index) => item === other[index])
          : value === other
      })
    const change = fc.constantFrom(
      ...(['issuer', 'tenant', 'subject', 'clientId', 'account', 'scopes', 'acr'] as const),
    )
    fc.assert(
      // The second differs in one part at most, or in all of them.
      fc.property(parts, parts, change, fc.boolean(), (left, other, name, one) => {
        const right = one ? { ...left, [name]: other[name] } : other
        expect(keyOf(left) === keyOf(right)).toBe(equal(left, right))
      }),
      { numRuns: 2_000 },
    )
  })
})
