import { auth0Permissions, entraRoles, keycloakRoles, oktaGroups, roleMap } from '@behalf/core/roles'
import { login, signIn } from '@behalf/testing'
import { decodeJwt } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/index.ts'

/** A user with more roles and groups than Entra writes into a token, and a user with none. */
const SEED = {
  users: [
    { subject: 'many', roles: ['trader', ...Array.from({ length: 200 }, (_, index) => `role-${index}`)] },
    { subject: 'none', roles: [] },
  ],
}

async function start(profile: NonNullable<SandboxOptions['profile']>): Promise<Sandbox> {
  const sandbox = await startSandbox({ profile, seed: SEED })
  onTestFinished(() => sandbox.close())
  return sandbox
}

async function tokensOf({ target }: Sandbox, user: string) {
  const { accessToken, idToken = '' } = await login(target, { user })
  return { access: decodeJwt(accessToken), id: decodeJwt(idToken) }
}

test.each([
  ['auth0', { claim: ['https://behalf.example/roles'] }],
  ['okta', { extract: oktaGroups() }],
  ['entra', { extract: entraRoles() }],
  ['keycloak', { extract: keycloakRoles() }],
  ['oidc', { claim: 'roles' }],
] as const)('roles come as %s writes them', async (profile, how) => {
  const sandbox = await start(profile)
  const map = roleMap({ ...how, scopes: { trader: ['trade:write'] } } as never)
  const scopesOf = async (user: string) => map.scopesOf(map.rolesOf(await signIn(sandbox.target, { user })))
  expect([...(await scopesOf('ann'))]).toEqual(['trade:write'])
  expect([...(await scopesOf('none'))]).toEqual([])
})

test('Auth0 writes permissions into access tokens, and not into id_tokens', async () => {
  const sandbox = await start('auth0')
  const { access, id } = await tokensOf(sandbox, 'ann')
  expect(id.permissions).toBeUndefined()
  expect(access.permissions).toEqual(['portfolio:read', 'trade:write', 'trade:small'])
  const map = roleMap({ extract: auth0Permissions(), scopes: { 'trade:write': ['trade:write'] } } as never)
  expect(map.rolesOf(await signIn(sandbox.target, { user: 'ann' }))).toContain('trade:write')
})

test('Entra names groups by id, and none of them where there are too many', async () => {
  const sandbox = await start('entra')
  const few = await tokensOf(sandbox, 'ann')
  expect(few.access.groups).toEqual([expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a/)])
  for (const claims of Object.values(await tokensOf(sandbox, 'many'))) {
    expect(claims.groups).toBeUndefined()
    expect(claims).toMatchObject({ _claim_names: { groups: 'src1' }, _claim_sources: { src1: {} } })
  }
  expect((await tokensOf(sandbox, 'none')).access).not.toHaveProperty('groups')

  const many = await signIn(sandbox.target, { user: 'many' })
  const withGroups = roleMap({ extract: entraRoles({ groups: true }), scopes: { trader: ['trade:write'] } } as never)
  expect([...withGroups.scopesOf(withGroups.rolesOf(many))]).toEqual([])
  const rolesOnly = roleMap({ extract: entraRoles(), scopes: { trader: ['trade:write'] } } as never)
  expect([...rolesOnly.scopesOf(rolesOnly.rolesOf(many))]).toEqual(['trade:write'])
})

test('Keycloak writes roles of the realm and of the client', async () => {
  const sandbox = await start('keycloak')
  const extract = keycloakRoles({ realm: false, clients: { agent: 'stock-agent' } })
  const map = roleMap({ extract, scopes: { 'agent:trader': ['trade:write'] } } as never)
  expect(map.rolesOf(await signIn(sandbox.target, { user: 'ann' }))).toEqual(['agent:trader'])
  expect(map.rolesOf(await signIn(sandbox.target, { user: 'none' }))).toEqual([])
})
