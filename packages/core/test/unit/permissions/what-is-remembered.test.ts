import { describe, expect, test } from 'vitest'
import type { Identity } from '../../../src/base/contract/index.ts'
import { ConfigurationError } from '../../../src/base/errors/index.ts'
import { roleMap } from '../../../src/permissions/roles/role-map.ts'

const scopes = { trader: ['trade:write'], viewer: ['portfolio:read'] }
const person = (roles: unknown): Identity & { claims: Record<string, unknown> } => ({
  kind: 'user',
  issuer: 'https://login.example.com',
  subject: 'ann',
  claims: { roles },
})

describe('roles of what may still change (I5)', () => {
  test('an identity that is not frozen is read each time', () => {
    const map = roleMap({ claim: 'roles', scopes })
    const identity = person(['trader'])
    expect(map.rolesOf(identity)).toEqual(['trader'])
    identity.claims.roles = ['viewer']
    expect(map.rolesOf(identity)).toEqual(['viewer'])
  })

  test('and so is a list of roles', () => {
    const map = roleMap({ claim: 'roles', scopes })
    const roles = ['trader']
    expect([...map.scopesOf(roles)]).toEqual(['trade:write'])
    roles[0] = 'viewer'
    expect([...map.scopesOf(roles)]).toEqual(['portfolio:read'])
  })

  test('a frozen identity is read once', () => {
    let reads = 0
    const map = roleMap({ extract: () => [String(++reads)], scopes })
    const identity = Object.freeze(person([]))
    expect([map.rolesOf(identity), map.rolesOf(identity)]).toEqual([['1'], ['1']])
    const roles = Object.freeze(['trader'])
    expect(map.scopesOf(roles)).toBe(map.scopesOf(roles))
  })
})

describe('what an app’s own extractor gives', () => {
  test.each([[null], [undefined], ['trader'], [7], [{ roles: ['trader'] }], [{ problem: 7 }]])(
    '%o is no list',
    (given) => {
      const map = roleMap({ extract: () => given as never, scopes })
      expect(map.rolesOf(person([]))).toEqual([])
      expect(map.problemOf?.(person([]))).toBe('the extractor gave no list of texts')
    },
  )

  test('a problem is told in its words', () => {
    const map = roleMap({ extract: () => ({ problem: 'too many groups' }) as never, scopes })
    expect(map.problemOf?.(person([]))).toBe('too many groups')
  })
})

test.each([
  [{ claim: 'roles', scopes, scope: {} }],
  [{ claim: 'roles', scopes: null }],
  [{ claim: 'roles', scopes: undefined }],
  [{ claim: 'roles', scopes: 'trade:write' }],
  [{ claim: 'roles', scopes: {} }],
])('%o is refused where it is written (E3)', (options) => {
  expect(() => roleMap(options as never)).toThrow(ConfigurationError)
})
