import { verifyIdToken } from '@behalf/core/identity'
import { type ExchangedToken, type ExchangeTokenOptions, exchangeToken } from '@behalf/core/spi'
import { expect } from 'vitest'
import { GRANT, type RawParameters, subjectToken, TYPE } from './raw.ts'
import type { Scenario, Session } from './session.ts'

const needs = ['token-exchange'] as const

/** Exchanges ann's session token by core for one at the Stock Trade API. */
async function exchange(session: Session, changes: Partial<ExchangeTokenOptions> = {}): Promise<ExchangedToken> {
  const { accessToken } = await session.login()
  return exchangeToken({
    authorizationServer: session.server(),
    identity: await session.verify(accessToken, session.target.agentResource),
    subjectToken: subjectToken(accessToken),
    resource: session.target.api.resource,
    scopes: ['portfolio:read'],
    clock: session.clock,
    ...changes,
  })
}

/** Sends the same exchange as a raw request. */
async function rawExchange(session: Session, changes: RawParameters = {}, client = session.agent) {
  const { accessToken } = await session.login()
  return session.token(
    {
      grant_type: GRANT.exchange,
      subject_token: accessToken,
      subject_token_type: TYPE.accessToken,
      resource: session.target.api.resource,
      scope: 'portfolio:read',
      ...changes,
    },
    { client },
  )
}

/** Registers a test: `wrong` is refused with one of these errors. */
function refused(title: string, error: string, wrong: RawParameters): Scenario {
  return {
    title,
    needs,
    async run(session) {
      expect(await rawExchange(session, wrong)).toMatchObject({ status: 400, body: { error } })
    },
  }
}

export const tokenExchange: readonly Scenario[] = [
  {
    title: "a user's token becomes one for the API, and names the agent as its actor",
    needs,
    async run(session) {
      const actor = { subject: session.target.agentName, issuer: session.issuer }
      const exchanged = await exchange(session, { actor })
      expect(exchanged).toMatchObject({ verified: true, scopes: ['portfolio:read'], actor })
      expect(exchanged.expiresAt).toBeGreaterThan(session.clock.now() / 1000)
    },
  },
  {
    title: 'the new token is delegation: the subject is the user, the actor the agent',
    needs,
    async run(session) {
      const { body } = await rawExchange(session)
      expect(body).toMatchObject({ token_type: 'Bearer', issued_token_type: TYPE.accessToken, scope: 'portfolio:read' })
      const { claims } = await session
        .server()
        .verifyJwt(String(body.access_token), { audience: session.target.api.resource, types: ['at+jwt'] })
      expect(claims).toMatchObject({
        sub: 'ann',
        client_id: session.agent.clientId,
        act: { sub: session.target.agentName, iss: session.issuer, sub_profile: 'ai_agent' },
        roles: ['trader'],
      })
      expect((await session.verify(String(body.access_token), session.target.api.resource)).kind).toBe('user')
    },
  },
  {
    title: 'an id_token of the client proves its user as well',
    needs,
    async run(session) {
      const { idToken = '' } = await session.login()
      const identity = await verifyIdToken(idToken, { authorizationServer: session.profile(), clock: session.clock })
      const exchanged = await exchange(session, { identity, subjectToken: subjectToken(idToken, 'id_token') })
      expect(exchanged).toMatchObject({ verified: true })
    },
  },
  {
    title: "the agent's own token may stand beside the user's",
    needs,
    async run(session) {
      const own = await session.server().grant(GRANT.clientCredentials, { resource: session.target.agentResource })
      const actorToken = { token: subjectToken(own.accessToken).token, type: 'access_token' } as const
      const exchanged = await exchange(session, { actorToken, actor: { subject: session.target.agentName } })
      expect(exchanged.verified).toBe(true)
    },
  },
  {
    title: 'an exchanged token ends with its subject token at the latest',
    needs,
    async run(session) {
      const { accessToken } = await session.login('ann', {
        resource: session.target.agentResource,
      })
      const { claims } = await session.server().verifyJwt(accessToken, { audience: session.target.agentResource })
      const exchanged = await exchange(session, { subjectToken: subjectToken(accessToken) })
      expect(exchanged.expiresAt).toBeLessThanOrEqual(Number(claims.exp))
    },
  },
  {
    title: 'a scope that the user lacks is left out, and the answer says so',
    needs,
    async run(session) {
      await session.controls.changeUser('ann', { permissions: ['portfolio:read', 'chat'] })
      const exchanged = await exchange(session, { scopes: ['portfolio:read', 'trade:small'] })
      expect(exchanged.scopes).toEqual(['portfolio:read'])
    },
  },
  {
    title: 'another client gets nothing for it',
    needs,
    async run(session) {
      const answer = await rawExchange(session, {}, session.target.clients.other)
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    },
  },
  {
    title: 'a public client exchanges nothing',
    needs,
    async run(session) {
      const answer = await rawExchange(session, {}, session.target.clients.public)
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.body).not.toHaveProperty('access_token')
    },
  },
  refused('an invalid subject token is refused', 'invalid_request', { subject_token: 'not-a-token' }),
  refused('a subject token without its type is refused', 'invalid_request', { subject_token_type: undefined }),
  refused('an access token is not taken for an id_token', 'invalid_request', { subject_token_type: TYPE.idToken }),
  refused('an actor token without its type is refused', 'invalid_request', { actor_token: 'x' }),
  refused('an actor type without its token is refused', 'invalid_request', { actor_token_type: TYPE.accessToken }),
  refused('an unknown API is refused', 'invalid_target', { resource: 'https://nowhere.example/' }),
  refused('a scope that the API does not have is refused', 'invalid_scope', { scope: 'everything' }),
  refused('no scope at all is refused', 'invalid_scope', { scope: undefined }),
  refused('another kind of token is not to be had', 'invalid_request', { requested_token_type: 'urn:example:token' }),
]
