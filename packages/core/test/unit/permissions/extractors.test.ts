import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Identity } from '../../../src/base/contract/index.ts'
import { ConfigurationError } from '../../../src/base/errors/index.ts'
import {
  auth0Permissions,
  entraRoles,
  keycloakRoles,
  oktaGroups,
  type RoleExtractor,
} from '../../../src/entrypoints/roles.ts'
import { roleMap } from '../../../src/permissions/roles/role-map.ts'

const withClaims = (claims: Record<string, unknown>): Identity => ({
  kind: 'user',
  issuer: 'https://login.example.com',
  subject: 'ann',
  claims,
})
const read = (extract: RoleExtractor, claims: Record<string, unknown>) => extract(withClaims(claims))
const mapped = (extract: RoleExtractor) =>
  roleMap({ extract, scopes: { trader: ['trade:write'], 'trade:trader': ['trade:write'], 'group:g-1': ['a'] } })

describe('Auth0', () => {
  // https://auth0.com/docs/get-started/apis/enable-role-based-access-control-for-apis
  const claims = { iss: 'https://t.eu.auth0.com/', scope: 'openid', permissions: ['trade:write', 'portfolio:read'] }

  test('permissions, not scopes', () => {
    expect(read(auth0Permissions(), claims)).toEqual(['trade:write', 'portfolio:read'])
    expect(read(auth0Permissions(), { scope: 'trade:write' })).toEqual({
      problem: 'the token has no claim permissions',
    })
  })
})

describe('Okta', () => {
  test('groups, by the name that the claim has', () => {
    expect(read(oktaGroups(), { groups: ['Everyone', 'Traders'] })).toEqual(['Everyone', 'Traders'])
    expect(read(oktaGroups({ claim: 'agent_groups' }), { agent_groups: ['Traders'], groups: ['x'] })).toEqual([
      'Traders',
    ])
    expect(read(oktaGroups(), { agent_groups: ['Traders'] })).toHaveProperty('problem')
  })

  test('a wrong claim name is refused', () => {
    expect(() => oktaGroups({ claim: '' })).toThrow(ConfigurationError)
    expect(() => oktaGroups({ claims: 'groups' } as never)).toThrow('oktaGroups.claims')
  })
})

describe('Entra', () => {
  const overage = {
    roles: ['trader'],
    _claim_names: { groups: 'src1' },
    _claim_sources: { src1: { endpoint: 'https://graph.microsoft.com/v1.0/users/x/getMemberObjects' } },
  }

  test('app roles; without any there is no claim, and that is no problem', () => {
    expect(read(entraRoles(), { roles: ['trader'], groups: ['g-1'] })).toEqual(['trader'])
    expect(read(entraRoles(), {})).toEqual([])
    expect(read(entraRoles(), { roles: 'trader' })).toHaveProperty('problem')
  })

  test('groups, by their ids, where they are taken', () => {
    expect(read(entraRoles({ groups: true }), { roles: ['trader'], groups: ['g-1'] })).toEqual(['trader', 'group:g-1'])
    expect(read(entraRoles({ groups: true }), { groups: [7] })).toHaveProperty('problem')
  })

  test('an app role does not pose as a group', () => {
    expect(read(entraRoles({ groups: true }), { roles: ['group:g-1'] })).toHaveProperty('problem')
  })

  test.each([
    ['by reference', overage],
    ['by reference, in a text', { roles: ['trader'], _claim_names: '{"groups":"src1"}' }],
    ["in the implicit flow's words", { roles: ['trader'], hasgroups: true }],
    ['beside a part of the groups', { ...overage, groups: ['g-1'] }],
  ])('overage %s is no roles at all, and says why', (_, claims) => {
    const map = mapped(entraRoles({ groups: true }))
    expect(map.rolesOf(withClaims(claims))).toEqual([])
    expect(map.problemOf?.(withClaims(claims))).toContain('overage')
    expect([...map.scopesOf(map.rolesOf(withClaims(claims)))]).toEqual([])
  })

  test('overage of groups that are not read changes nothing', () => {
    expect(read(entraRoles(), overage)).toEqual(['trader'])
  })
})

describe('Keycloak', () => {
  const claims = {
    realm_access: { roles: ['offline_access', 'trader'] },
    resource_access: { 'https://api.example.com/': { roles: ['trader'] }, account: { roles: ['view-profile'] } },
  }
  const api = { trade: 'https://api.example.com/' }

  test('realm roles by name, client roles by the name given to the client', () => {
    expect(read(keycloakRoles(), claims)).toEqual(['offline_access', 'trader'])
    expect(read(keycloakRoles({ clients: api }), claims)).toEqual(['offline_access', 'trader', 'trade:trader'])
    expect(read(keycloakRoles({ realm: false, clients: api }), claims)).toEqual(['trade:trader'])
  })

  test('a user without roles at a client has none there', () => {
    expect(read(keycloakRoles({ realm: false, clients: api }), {})).toEqual([])
    expect(read(keycloakRoles({ realm: false, clients: { p: '__proto__', c: 'constructor' } }), claims)).toEqual([])
  })

  test.each([
    ['no realm roles', { resource_access: claims.resource_access }],
    ['malformed realm roles', { realm_access: { roles: 'trader' } }],
    ['malformed client roles', { ...claims, resource_access: { [api.trade]: ['trader'] } }],
    ['a realm role that poses as a client role', { realm_access: { roles: ['trade:trader'] } }],
  ])('%s: none at all', (_, wrong) => {
    const map = mapped(keycloakRoles({ clients: api }))
    expect(map.rolesOf(withClaims(wrong))).toEqual([])
    expect(map.problemOf?.(withClaims(wrong))).toBeTypeOf('string')
  })

  test.each([
    ['keycloakRoles.realm', { realm: 'yes' }],
    ['keycloakRoles.clients.a:b', { clients: { 'a:b': 'x' } }],
    ['keycloakRoles.clients.trade', { clients: { trade: '' } }],
    ['keycloakRoles: give', { realm: false }],
    ['keycloakRoles.client', { client: 'x' }],
  ])('%s is refused', (option, options) => {
    expect(() => keycloakRoles(options as never)).toThrow(option)
  })
})

describe('whatever the claims hold', () => {
  const names = fc.oneof(
    fc.constantFrom('trader', 'TRADER', 'group:g-1', 'g-1', 'trade:trader', '__proto__', 'constructor', ''),
    fc.string({ maxLength: 4 }),
  )
  const lists = fc.oneof(fc.array(names, { maxLength: 4 }), fc.anything({ maxDepth: 1 }))
  const anyClaims = fc.record(
    {
      permissions: lists,
      groups: lists,
      roles: lists,
      hasgroups: fc.anything({ maxDepth: 0 }),
      _claim_names: fc.oneof(fc.record({ groups: fc.string() }), fc.anything({ maxDepth: 1 })),
      realm_access: fc.oneof(fc.record({ roles: lists }), fc.anything({ maxDepth: 1 })),
      resource_access: fc.oneof(fc.record({ 'trade-api': fc.record({ roles: lists }) }), fc.anything({ maxDepth: 1 })),
    },
    { requiredKeys: [] },
  )

  test.each([
    ['auth0', auth0Permissions()],
    ['okta', oktaGroups()],
    ['entra', entraRoles({ groups: true })],
    ['keycloak', keycloakRoles({ clients: { trade: 'trade-api' } })],
  ])('%s: all the roles that the map names and the token lists, or none and a reason', (_, extract) => {
    const map = mapped(extract)
    fc.assert(
      fc.property(anyClaims, (claims) => {
        const identity = withClaims(claims as Record<string, unknown>)
        const roles = map.rolesOf(identity)
        const problem = map.problemOf?.(identity)
        if (problem !== undefined) expect(roles).toEqual([])
        const scopes = map.scopesOf(roles)
        const giving = ['trader', 'trade:trader', 'group:g-1'].filter((role) => roles.includes(role))
        expect(scopes.size > 0).toBe(giving.length > 0)
        for (const scope of scopes) expect(['trade:write', 'a']).toContain(scope)
      }),
      { numRuns: 300 },
    )
  })

  test('entra: a token that points elsewhere for its groups has no scope', () => {
    const map = mapped(entraRoles({ groups: true }))
    fc.assert(
      fc.property(anyClaims, (claims) => {
        const identity = withClaims({ ...(claims as object), _claim_names: { groups: 'src1' } })
        expect(map.scopesOf(map.rolesOf(identity)).size).toBe(0)
      }),
    )
  })
})
