import { mockTarget, signIn } from '@behalf/testing'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { revealToken } from '../../../src/credential/index.ts'
import { subjectTokenOf } from '../../../src/identity/subject-token.ts'
import { authorizationServers } from '../../../src/oauth/authorization-servers.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import type { Profile } from '../../../src/oauth/profiles/profile.ts'
import type { AuthorizationServers } from '../../../src/oauth/server.ts'
import { may } from '../../../src/permissions/openfga/may.ts'
import { object } from '../../../src/permissions/openfga/object.ts'
import { openFga } from '../../../src/permissions/openfga/open-fga.ts'
import { roleMap } from '../../../src/permissions/roles/role-map.ts'
import { exchangeToken } from '../../../src/token-exchange/exchange-token.ts'
import { auth0TokenVault } from '../../../src/vault/auth0/auth0-token-vault.ts'

let world: Awaited<ReturnType<typeof mockTarget>>
let servers: AuthorizationServers
let profile: Profile
beforeAll(async () => {
  world = await mockTarget({ algorithm: 'ES256' })
  const { agent } = world.clients
  profile = oidc({
    issuer: world.authorizationServer.issuer,
    clientId: agent.clientId,
    clientAuthentication: agent.authentication,
    exchange: { carriesAuthorizationDetails: true },
  })
  const surroundings = { fetch: globalThis.fetch, clock: { now: () => Date.now() }, timeoutMs: 5_000 }
  servers = authorizationServers(profile, surroundings)
})
beforeEach(() => world.reset())
afterAll(() => world.close())

const logIn = (user: string, parameters = {}): Promise<UserIdentity> =>
  signIn(world, { user, profile, scope: 'openid chat', parameters })

const subjectToken = (identity: UserIdentity) => {
  const token = subjectTokenOf(identity)
  if (token === undefined) throw new Error('a verified identity has its token')
  return token
}

describe('against the made-up world', () => {
  test('a session becomes a token for the API, with the agent as actor', async () => {
    const order = { type: 'stock_order', side: 'buy', symbol: 'AAPL', quantity: 50 }
    const identity = await logIn('ann', { authorization_details: JSON.stringify([order]) })
    const exchanged = await exchangeToken({
      authorizationServer: servers.of(identity.issuer),
      identity,
      subjectToken: subjectToken(identity),
      actor: { subject: world.agentName, issuer: identity.issuer },
      resource: world.api.resource,
      scopes: ['trade:write'],
      authorizationDetails: [order],
    })
    expect(exchanged).toMatchObject({
      verified: true,
      scopes: ['trade:write'],
      actor: { subject: world.agentName, profile: 'ai_agent' },
    })
    expect(decodeJwt(revealToken(exchanged.token))).toMatchObject({ sub: 'ann', aud: world.api.resource })
  })

  test("a session becomes the upstream's token, through the vault", async () => {
    const identity = await logIn('bob')
    const request = { identity, connection: world.connection, scopes: ['portfolio:read'] }
    const context = { authorizationServers: servers, now: Date.now() }
    const answer = await auth0TokenVault().token(request, context)
    expect(answer).toMatchObject({ status: 'token', scopes: ['portfolio:read'], expiresAt: expect.any(Number) })
    if (answer.status !== 'token') return
    expect(decodeJwt(revealToken(answer.token))).toMatchObject({
      iss: world.upstream.issuer,
      sub: world.users.bob.upstreamSubject,
    })
    const trading = await auth0TokenVault().token({ ...request, scopes: ['trade:write'] }, context)
    expect(trading.status).toBe('needs_scopes')
    await world.upstream.controls.revokeRefreshTokens(world.users.bob.upstreamSubject)
    expect((await auth0TokenVault().token(request, context)).status).toBe('must_reconnect')
    await world.authorizationServer.controls.disconnect('bob', world.connection)
    expect((await auth0TokenVault().token(request, context)).status).toBe('not_connected')
  })

  test('the trading model allows the own portfolio, within the mandate, and nothing else', async () => {
    const { apiUrl, storeId, authorizationModelId, apiToken, controls } = world.openFga
    const checker = openFga({
      apiUrl,
      storeId,
      authorizationModelId,
      credentials: { method: 'apiToken', token: apiToken },
      relations: { user: (r) => `user_${r}`, agent: (r) => `agent_${r}`, delegation: 'acts_for' },
    })
    const identity = await logIn('ann')
    const agent = world.agentName
    const view = (portfolio: string) =>
      checker.check({ identity, agent, permissions: [may('can_view', object('portfolio', portfolio))], effect: 'read' })
    const trade = (amount: number) => {
      const context = { symbol: 'AAPL', side: 'buy', amount }
      const permissions = [may('can_trade', object('portfolio', world.users.ann.portfolio), { context })]
      return checker.check({ identity, agent, permissions, effect: 'write' })
    }
    expect(await view(world.users.ann.portfolio)).toMatchObject({ allowed: true })
    expect(await view(world.users.bob.portfolio)).toMatchObject({ allowed: false })
    expect(await trade(50)).toMatchObject({ allowed: true })
    expect(await trade(1_001)).toMatchObject({ allowed: false })
    const mandate = (await controls.tuples()).filter((tuple) => tuple.relation === 'acts_for')
    await controls.remove(...mandate)
    expect(await trade(50)).toMatchObject({ allowed: false })
  })

  test('roles come from the verified token', async () => {
    const map = roleMap({ claim: 'roles', scopes: { trader: ['trade:write', 'portfolio:read'] } })
    const identity = await logIn('ann')
    expect([...map.scopesOf(map.rolesOf(identity))].sort()).toEqual(['portfolio:read', 'trade:write'])
    await world.authorizationServer.controls.changeUser('ann', { roles: ['intern'] })
    const later = await logIn('ann')
    expect([...map.scopesOf(map.rolesOf(later))]).toEqual([])
  })
})
