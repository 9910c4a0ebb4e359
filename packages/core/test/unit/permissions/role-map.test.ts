import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Identity } from '../../../src/base/contract/index.ts'
import { ConfigurationError } from '../../../src/base/errors/index.ts'
import { roleMap } from '../../../src/permissions/roles/role-map.ts'

const withClaims = (claims: Record<string, unknown>): Identity => ({
  kind: 'user',
  issuer: 'https://login.example.com',
  subject: 'ann',
  claims,
})

const map = roleMap({
  claim: 'roles',
  scopes: { trader: ['trade:write', 'portfolio:read'], viewer: ['portfolio:read'] },
})
const scopesFor = (value: unknown) => [...map.scopesOf(map.rolesOf(withClaims({ roles: value })))].sort()

describe('roleMap', () => {
  test('is the union of what the roles allow', () => {
    expect(scopesFor(['viewer'])).toEqual(['portfolio:read'])
    expect(scopesFor(['viewer', 'trader', 'viewer'])).toEqual(['portfolio:read', 'trade:write'])
  })

  test('a role that it does not know adds nothing', () => {
    expect(scopesFor(['admin'])).toEqual([])
    expect(scopesFor(['viewer', 'admin'])).toEqual(['portfolio:read'])
  })

  test.each(['Trader', 'TRADER', 'trader ', ' trader', 'trad*', '*', 'tradеr'])('%j is not trader', (role) => {
    expect(scopesFor([role])).toEqual([])
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])('%s is no role', (role) => {
    expect(scopesFor([role])).toEqual([])
  })

  test.each([
    ['absent', undefined],
    ['a string', 'trader'],
    ['a list in a string', 'trader viewer'],
    ['an object', { trader: true }],
    ['an array-like', { 0: 'trader', length: 1 }],
    ['a number', 7],
    ['null', null],
    ['a list with something else in it', ['trader', 7]],
    ['a list of lists', [['trader']]],
  ])('a claim that is %s is no roles at all', (_, value) => {
    expect(map.rolesOf(withClaims(value === undefined ? {} : { roles: value }))).toEqual([])
    expect(scopesFor(value)).toEqual([])
  })

  test('reads nested claims by a path of own names', () => {
    const nested = roleMap({ claim: ['realm_access', 'roles'], scopes: { trader: ['trade:write'] } })
    expect(nested.rolesOf(withClaims({ realm_access: { roles: ['trader'] } }))).toEqual(['trader'])
    expect(nested.rolesOf(withClaims({ realm_access: 'roles' }))).toEqual([])
    expect(nested.rolesOf(withClaims({ 'realm_access.roles': ['trader'] }))).toEqual([])
    const inherited = roleMap({ claim: ['list', 'constructor'], scopes: { trader: ['trade:write'] } })
    expect(inherited.rolesOf(withClaims({ list: ['trader'] }))).toEqual([])
    expect(map.rolesOf(withClaims(Object.create({ roles: ['trader'] })))).toEqual([])
  })

  test('a claim named by a URL is one name, not a path', () => {
    const namespaced = roleMap({ claim: 'https://example.com/roles', scopes: { trader: ['trade:write'] } })
    expect(namespaced.rolesOf(withClaims({ 'https://example.com/roles': ['trader'] }))).toEqual(['trader'])
  })

  test('an own extractor is held to the same form', () => {
    const scopes = { trader: ['trade:write'] }
    const own = roleMap({ extract: ({ claims }) => [`${claims.department}`], scopes })
    expect(own.rolesOf(withClaims({ department: 'trader' }))).toEqual(['trader'])
    const broken = roleMap({ extract: () => 'trader' as never, scopes })
    expect(broken.rolesOf(withClaims({}))).toEqual([])
  })

  test('a change to the options or to the result changes no answer', () => {
    const scopes = { viewer: ['portfolio:read'] }
    const own = roleMap({ claim: 'roles', scopes })
    scopes.viewer.push('trade:write')
    const identity = Object.freeze(withClaims({ roles: ['viewer'] }))
    const roles = own.rolesOf(identity)
    expect([...own.scopesOf(roles)]).toEqual(['portfolio:read'])
    expect(() => (roles as string[]).push('trader')).toThrow()
    expect(own.rolesOf(identity)).toBe(roles)
    expect(own.scopesOf(roles)).toBe(own.scopesOf(roles))
  })

  test('whatever the claim holds: no scope that a named role does not give', () => {
    const names = fc.oneof(
      fc.constantFrom('trader', 'viewer', '__proto__', 'constructor', 'prototype', 'TRADER'),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.oneof(fc.array(names), fc.anything()), (value) => {
        const roles: readonly unknown[] = Array.isArray(value) && value.every((v) => typeof v === 'string') ? value : []
        const expected = new Set<string>()
        if (roles.includes('trader')) expected.add('trade:write').add('portfolio:read')
        if (roles.includes('viewer')) expected.add('portfolio:read')
        expect(scopesFor(value)).toEqual([...expected].sort())
      }),
    )
  })

  test('a role named like what every object has is a role, once it is in the map', () => {
    const scopes = JSON.parse('{"__proto__":["a"],"constructor":["b"]}')
    const own = roleMap({ claim: 'roles', scopes })
    const scopesOf = (...roles: string[]) => [...own.scopesOf(own.rolesOf(withClaims({ roles })))]
    expect(scopesOf('__proto__')).toEqual(['a'])
    expect(scopesOf('constructor', 'toString')).toEqual(['b'])
  })

  test.each([
    ['roleMap', { scopes: { a: ['b'] } }],
    ['roleMap', { claim: 'roles', extract: () => [], scopes: { a: ['b'] } }],
    ['roleMap.claim', { claim: '', scopes: { a: ['b'] } }],
    ['roleMap.claim', { claim: [], scopes: { a: ['b'] } }],
    ['roleMap.extract', { extract: 'roles', scopes: { a: ['b'] } }],
    ['roleMap.scopes', { claim: 'roles' }],
    ['roleMap.scopes', { claim: 'roles', scopes: {} }],
    ['roleMap.scopes.a', { claim: 'roles', scopes: { a: [] } }],
    ['roleMap.scopes.a[0]', { claim: 'roles', scopes: { a: ['b c'] } }],
    ['roleMap.scopes.a[1]', { claim: 'roles', scopes: { a: ['b', 'b'] } }],
    ['roleMap.scope', { claim: 'roles', scope: {}, scopes: { a: ['b'] } }],
  ])('%s is refused at construction', (option, options) => {
    expect(() => roleMap(options as never)).toThrow(ConfigurationError)
    expect(() => roleMap(options as never)).toThrow(`${option}: `)
  })
})
