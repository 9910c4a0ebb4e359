import {
  createGuard,
  type GuardOptions,
  type Identity,
  memoryStore,
  type Profile,
  policy,
  resource,
  verifyAccessToken,
} from '@behalf/core'
import { type SubjectToken, subjectTokenOf } from '@behalf/core/identity'
import { importDpopKey } from '@behalf/core/providers'
import { roleMap } from '@behalf/core/roles'
import { sharedTokens } from '@behalf/core/shared-tokens'
import {
  connectAuthorizationServer,
  type ExchangeTokenOptions,
  exchangeToken,
  systemClock,
  Token,
} from '@behalf/core/spi'
import { login, profileOf, signIn, type TargetClient } from '@behalf/testing'
import { generateKeyPair } from 'jose'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type SandboxAuthorizationServer, sandboxTarget, startAuthorizationServer } from '../../src/index.ts'

type End = (close: () => Promise<void>) => void

const connect = (profile: Profile) =>
  connectAuthorizationServer(profile, { fetch, clock: systemClock, timeoutMs: 10_000 })

/** What a verified identity came with. */
function provedBy(identity: Identity): SubjectToken {
  const token = subjectTokenOf(identity)
  if (token === undefined) throw new TypeError('the identity came without a token')
  return token
}

const NAMES = ['agent', 'risk', 'ledger', 'audit', 'archive', 'vault', 'cellar'] as const
const apiOf = (name: string) => `https://${name}.behalf.example/`

/** An agent and services that call one another, each an API and a client. */
async function services(end: End) {
  const server = await startAuthorizationServer({
    clients: NAMES.map((name) => ({
      clientId: name,
      clientSecret: `${name}-secret`,
      redirectUris: ['https://app.example.com/callback'],
      api: apiOf(name),
      actor: { subject: `service:${name}` },
    })),
    users: [{ subject: 'ann' }],
    resources: NAMES.map((name) => ({ identifier: apiOf(name), scopes: ['call'] })),
    maxActorDepth: 10,
  })
  end(() => server.close())
  return { server, ...chain(server) }
}

function chain(authorizationServer: SandboxAuthorizationServer) {
  const clientOf = (name: string): TargetClient => ({
    clientId: name,
    authentication: { method: 'client_secret_basic', clientSecret: `${name}-secret` },
    redirectUri: 'https://app.example.com/callback',
  })
  const target = { authorizationServer, clients: { agent: clientOf('agent') } }
  const profile = (name: string) => profileOf(target, clientOf(name))
  return {
    profile,
    start: () =>
      signIn(target, {
        user: 'ann',
        client: clientOf('agent'),
        profile: profile('agent'),
        scope: 'openid call',
        resource: apiOf('agent'),
      }),
    /** `from` was called with this identity, and calls `to`. */
    async call(from: string, identity: Identity, to: string, over: Partial<ExchangeTokenOptions> = {}) {
      return exchangeToken({
        authorizationServer: connect(profile(from)),
        identity,
        subjectToken: provedBy(identity),
        actor: { subject: `service:${from}`, issuer: authorizationServer.issuer },
        resource: apiOf(to),
        scopes: ['call'],
        ...over,
      })
    },
    /** What `to` makes of a token that it was called with. */
    async receive(to: string, token: string) {
      return verifyAccessToken(token, { authorizationServer: profile(to), audience: apiOf(to) })
    },
  }
}

/** The token as it travels: a service's guard would put it on a request. */
async function onTheWire(server: SandboxAuthorizationServer, exchange: () => Promise<unknown>): Promise<string> {
  let answer = ''
  await server.controls.fault('token', {
    change: (body) => {
      answer = String(body.access_token)
      return body
    },
  })
  await exchange()
  return answer
}

describe('a service that an agent called, and that calls on', { concurrent: true }, () => {
  test('each is the outermost actor of its own token, up to five', async ({ onTestFinished }) => {
    const { server, start, call, receive } = await services(onTestFinished)
    let identity: Identity = await start()
    for (const [index, name] of NAMES.entries()) {
      const next = NAMES[index + 1]
      if (next === undefined) break
      if (index === 5) {
        const before = (await server.controls.requests()).length
        await expect(call(name, identity, next)).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'actor' })
        expect((await server.controls.requests()).length).toBe(before)
        break
      }
      const handed = identity
      const token = await onTheWire(server, () => call(name, handed, next))
      identity = await receive(next, token)
      const actors: string[] = []
      for (let at = identity.kind === 'user' ? identity.actor : undefined; at !== undefined; at = at.actor) {
        actors.push(at.subject)
      }
      expect(actors).toEqual(
        NAMES.slice(0, index + 1)
          .map((one) => `service:${one}`)
          .reverse(),
      )
    }
  })

  test('a token for one service is of no use to another', async ({ onTestFinished }) => {
    const { server, start, call, receive } = await services(onTestFinished)
    const identity = await start()
    const token = await onTheWire(server, () => call('agent', identity, 'risk'))
    await expect(receive('ledger', token)).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'audience' })
    const inbound = await receive('risk', token)
    await expect(call('ledger', inbound, 'audit')).rejects.toMatchObject({ error: 'invalid_request' })
  })

  test('the named actor has to be the caller', async ({ onTestFinished }) => {
    const { start, call } = await services(onTestFinished)
    const identity = await start()
    await expect(call('agent', identity, 'risk', { actor: { subject: 'service:risk' } })).rejects.toMatchObject({
      code: 'ERR_INVALID_RESPONSE',
    })
  })

  test('an actor token of its own may stand beside the inbound one', async ({ onTestFinished }) => {
    const { start, call, profile } = await services(onTestFinished)
    const identity = await start()
    const own = await connect(profile('agent')).grant('client_credentials', { resource: apiOf('agent') })
    const actorToken = { token: new Token(own.accessToken), type: 'access_token' } as const
    expect(await call('agent', identity, 'risk', { actorToken })).toMatchObject({
      verified: true,
      actor: { subject: 'service:agent' },
    })
  })
})

describe('on behalf of, as Entra does it', { concurrent: true }, () => {
  const asEntra = (profile: Profile): Profile => ({
    ...profile,
    target: 'scope',
    exchange: {
      grant: 'jwt-bearer',
      carriesAuthorizationDetails: false,
      subjectTokens: ['access_token'],
      loginRequiredErrors: ['invalid_grant', 'interaction_required'],
    },
  })

  test('the target is a part of each scope, and only the user is named', async ({ onTestFinished }) => {
    const { start, call, profile, server } = await services(onTestFinished)
    const identity = await start()
    const ours = asEntra(profile('agent'))
    const exchanged = await call('agent', identity, 'risk', {
      authorizationServer: connect(ours),
      actor: undefined as never,
    })
    expect(exchanged).toMatchObject({ verified: true, scopes: ['call'] })
    expect(exchanged).not.toHaveProperty('actor')
    const [request] = (await server.controls.requests()).filter(
      ({ parameters }) => parameters.requested_token_use === 'on_behalf_of',
    )
    expect(request?.parameters).toMatchObject({ scope: `${apiOf('risk')}/call` })
    const stranger = asEntra(profile('ledger'))
    await expect(
      call('agent', identity, 'risk', { authorizationServer: connect(stranger), actor: undefined as never }),
    ).rejects.toMatchObject({ code: 'ERR_OAUTH_RESPONSE' })
  })
})

const Portfolio = z.strictObject({ portfolio: z.string() })

/** A guard over the made-up world, and a tool that reads the API with an exchanged token. */
async function reading(end: End) {
  const target = await sandboxTarget()
  end(() => target.close())
  const profile = profileOf(target, target.clients.agent)
  const tool = policy(Portfolio, { access: { trade: resource(target.api.resource, { scopes: ['portfolio:read'] }) } })
  const guard = (over: Partial<GuardOptions> = {}) =>
    createGuard({ authorizationServer: profile, agent: { name: target.agentName }, ...over })
  const read = (behalf: ReturnType<typeof guard>, identity: Identity) =>
    behalf.run(
      tool,
      { tool: 'read', slot: 'read', input: { portfolio: 'p-ann' }, identity },
      async (_, { access }) => (await access.trade.fetch(`${target.api.origin}/portfolios/p-ann`)).status,
    )
  const exchanges = async () =>
    (await target.authorizationServer.controls.requests()).filter(({ parameters }) =>
      String(parameters.grant_type).endsWith('token-exchange'),
    ).length
  return { target, profile, guard, read, exchanges, enter: (user = 'ann') => signIn(target, { user, profile }) }
}

describe('exchanged tokens of a guard, over HTTP', { concurrent: true }, () => {
  test('fifty cold calls in two processes that share a store make one exchange', async ({ onTestFinished }) => {
    const { guard, read, enter, exchanges } = await reading(onTestFinished)
    const identity = await enter()
    const shared = { store: memoryStore(), sharedTokens: sharedTokens() }
    const guards = [guard(shared), guard(shared)] as const
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, call) => read(guards[call % 2] as (typeof guards)[0], identity)),
    )
    expect(outcomes.every((outcome) => outcome.status === 'done' && outcome.result === 200)).toBe(true)
    expect(await exchanges()).toBe(1)
  })

  test('a session that is revoked in mid-run is login_required at the next exchange', async ({ onTestFinished }) => {
    const { target, guard, read, enter } = await reading(onTestFinished)
    const behalf = guard()
    const identity = await enter()
    expect(await read(behalf, identity)).toMatchObject({ status: 'done', result: 200 })
    await target.authorizationServer.controls.revokeRefreshTokens('ann')
    expect(await read(guard(), identity)).toMatchObject({
      status: 'interrupted',
      interrupt: { kind: 'login_required' },
    })
  })

  test('a right that is taken away is gone with the next token', async ({ onTestFinished }) => {
    const { target, guard, read, enter } = await reading(onTestFinished)
    const behalf = guard()
    expect(await read(behalf, await enter())).toMatchObject({ status: 'done', result: 200 })
    await target.authorizationServer.controls.changeUser('ann', { permissions: ['chat', 'trade:small'] })
    await expect(read(behalf, await enter())).rejects.toMatchObject({ code: 'ERR_STEP_UP_REQUIRED' })
  })

  test('a role that is taken away is gone with the next token', async ({ onTestFinished }) => {
    const { target, guard, read, enter } = await reading(onTestFinished)
    const behalf = guard({ roles: roleMap({ claim: 'roles', scopes: { trader: ['portfolio:read'] } }) })
    expect(await read(behalf, await enter())).toMatchObject({ status: 'done' })
    await target.authorizationServer.controls.changeUser('ann', { roles: ['intern'] })
    expect(await read(behalf, await enter())).toMatchObject({ status: 'denied', code: 'role_missing' })
  })

  test('a bound session becomes a bound token, for those who hold its key', async ({ onTestFinished }) => {
    const { target } = await reading(onTestFinished)
    const dpop = await importDpopKey(await generateKeyPair('ES256', { extractable: true }))
    const profile = profileOf(target, target.clients.agent, { dpop })
    const { accessToken } = await login(target, { user: 'ann', profile })
    const identity = await verifyAccessToken(accessToken, {
      authorizationServer: profile,
      audience: target.agentResource,
      boundTo: dpop,
    })
    const options = {
      identity,
      subjectToken: provedBy(identity),
      resource: target.api.resource,
      scopes: ['portfolio:read'],
    }
    const exchanged = await exchangeToken({ ...options, authorizationServer: connect(profile) })
    expect(exchanged).toMatchObject({ verified: true, dpop: { thumbprint: dpop.thumbprint } })
    const without = profileOf(target, target.clients.agent)
    await expect(exchangeToken({ ...options, authorizationServer: connect(without) })).rejects.toMatchObject({
      code: expect.stringMatching(/ERR_OAUTH_RESPONSE|ERR_INVALID_RESPONSE/),
    })
  })
})
