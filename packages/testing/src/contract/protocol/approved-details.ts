import { exchangeToken } from '@behalf/core/spi'
import { expect } from 'vitest'
import { authorize } from './authorize.ts'
import { rawRequest } from './backchannel.ts'
import { GRANT, ORDER, type Raw, type RawParameters, subjectToken, TYPE } from './raw.ts'
import type { Scenario, Session } from './session.ts'

const needs = ['authorization-details'] as const

/** An order that differs from the one that the person sees. */
const UNSEEN = { ...ORDER, quantity: 5000 } as const
const SECOND = { ...ORDER, symbol: 'MSFT' } as const

const details = (...all: readonly object[]) => ({ authorization_details: JSON.stringify(all) })

/** A login at which the person agrees to these details. */
async function agreed(session: Session, changes: RawParameters) {
  await session.controls.signInAs('ann')
  const { redemption } = await authorize(session, { scope: 'openid offline_access chat', ...changes })
  return redemption
}

async function detailsIn(session: Session, accessToken: unknown, audience: string): Promise<unknown> {
  const { claims } = await session.server().verifyJwt(String(accessToken), { audience })
  return claims.authorization_details
}

function exchangeOf(session: Session, token: unknown, changes: RawParameters = {}) {
  return session.token({
    grant_type: GRANT.exchange,
    subject_token: String(token),
    subject_token_type: TYPE.accessToken,
    resource: session.target.api.resource,
    scope: 'trade:write',
    ...changes,
  })
}

const refusal = { status: 400, body: { error: 'invalid_authorization_details' } }

export const approvedDetails: readonly Scenario[] = [
  {
    title: 'an exchange adds no details: an order that no person approved is refused',
    needs: [...needs, 'token-exchange'],
    async run(session) {
      const { accessToken, idToken } = await session.login()
      expect(await exchangeOf(session, accessToken, details(ORDER))).toMatchObject(refusal)
      const byIdToken = { subject_token_type: TYPE.idToken, ...details(ORDER) }
      expect(await exchangeOf(session, idToken, byIdToken)).toMatchObject(refusal)
      const { body } = await exchangeOf(session, accessToken)
      expect(body).not.toHaveProperty('authorization_details')
      expect(await detailsIn(session, body.access_token, session.target.api.resource)).toBeUndefined()
    },
  },
  {
    title: 'an exchange keeps the details of its subject token, or those of them that are asked for',
    needs: [...needs, 'token-exchange'],
    async run(session) {
      const { resource } = session.target.api
      const { body: held } = await session.token(await agreed(session, details(ORDER, SECOND)))
      const all = await exchangeOf(session, held.access_token)
      expect(all.body.authorization_details).toEqual([ORDER, SECOND])
      expect(await detailsIn(session, all.body.access_token, resource)).toEqual([ORDER, SECOND])
      const { body: fewer } = await exchangeOf(session, held.access_token, details(SECOND))
      expect(await detailsIn(session, fewer.access_token, resource)).toEqual([SECOND])
      for (const wrong of [details(ORDER, UNSEEN), details({ ...ORDER, note: 'x' }), details(ORDER, ORDER)]) {
        expect(await exchangeOf(session, held.access_token, wrong)).toMatchObject(refusal)
      }
    },
  },
  {
    title: "core's exchange asks for details of its subject token, and gets those",
    needs: [...needs, 'token-exchange'],
    async run(session) {
      const { body } = await session.token(await agreed(session, details(ORDER, SECOND)))
      const plain = session.profile()
      const profile = { ...plain, exchange: plain.exchange && { ...plain.exchange, carriesAuthorizationDetails: true } }
      const exchange = async (asked: object) =>
        exchangeToken({
          authorizationServer: session.connect(profile),
          identity: await session.verify(String(body.access_token), session.target.agentResource),
          subjectToken: subjectToken(String(body.access_token)),
          resource: session.target.api.resource,
          scopes: ['trade:write'],
          authorizationDetails: [asked as typeof ORDER],
          clock: session.clock,
        })
      expect(await exchange(ORDER)).toMatchObject({ verified: true, scopes: ['trade:write'] })
      await expect(exchange(UNSEEN)).rejects.toMatchObject({ error: 'invalid_authorization_details' })
    },
  },
  {
    title: 'a code is redeemed for what the person agreed to, or less, and never for other details',
    needs,
    async run(session) {
      const plain = await agreed(session, {})
      expect(await session.token({ ...plain, ...details(ORDER) })).toMatchObject(refusal)
      const other = await agreed(session, details(ORDER))
      expect(await session.token({ ...other, ...details(UNSEEN) })).toMatchObject(refusal)
      const two = await agreed(session, details(ORDER, SECOND))
      const { body } = await session.token({ ...two, ...details(SECOND) })
      expect(body.authorization_details).toEqual([SECOND])
      expect(await detailsIn(session, body.access_token, session.target.agentResource)).toEqual([SECOND])
    },
  },
  {
    title: 'a refresh keeps the details of its grant, or fewer, and adds none',
    needs,
    async run(session) {
      const refresh = (token: unknown, changes: RawParameters = {}) =>
        session.token({ grant_type: GRANT.refresh, refresh_token: String(token), ...changes })
      const { body: plain } = await session.token(await agreed(session, {}))
      expect(await refresh(plain.refresh_token, details(ORDER))).toMatchObject(refusal)
      const { body: held } = await session.token(await agreed(session, details(ORDER, SECOND)))
      const { body: fewer } = await refresh(held.refresh_token, details(SECOND))
      expect(await detailsIn(session, fewer.access_token, session.target.agentResource)).toEqual([SECOND])
      const { body: same } = await refresh(fewer.refresh_token)
      expect(await detailsIn(session, same.access_token, session.target.agentResource)).toEqual([ORDER, SECOND])
      expect(await refresh(same.refresh_token, details(UNSEEN))).toMatchObject(refusal)
    },
  },
  {
    title: "a client's own token has no approved details",
    needs,
    async run(session) {
      const asked = { grant_type: GRANT.clientCredentials, resource: session.target.api.resource, scope: 'trade:write' }
      expect(await session.token({ ...asked, ...details(ORDER) })).toMatchObject(refusal)
    },
  },
  {
    title: 'the poll of a backchannel request adds no details to what the person saw',
    needs: [...needs, 'ciba'],
    async run(session) {
      const { body } = await rawRequest(session)
      await session.controls.approve()
      await session.wait(1)
      const resource = session.target.api.resource
      const poll = { grant_type: GRANT.ciba, auth_req_id: String(body.auth_req_id), resource }
      expect(await session.token({ ...poll, ...details(UNSEEN) })).toMatchObject(refusal)
    },
  },
  {
    title: 'what was approved in the background is in one token: no refresh and no exchange approves it again',
    needs: [...needs, 'ciba', 'token-exchange'],
    async run(session) {
      const { resource } = session.target.api
      for (const client of [session.agent, session.target.clients.other]) {
        const { body } = await rawRequest(session, { scope: 'openid offline_access trade:write' }, client)
        await session.controls.approve()
        await session.wait(1)
        const poll = { grant_type: GRANT.ciba, auth_req_id: String(body.auth_req_id) }
        const first = await session.token(poll, { client })
        expect(first.body.authorization_details).toEqual([ORDER])
        // Only a client that is not an API may exchange a token that was issued to it.
        const exchange = {
          grant_type: GRANT.exchange,
          subject_token_type: TYPE.accessToken,
          resource,
          scope: 'trade:write',
        }
        const asked = { ...exchange, subject_token: String(first.body.access_token) }
        const second = await session.token(asked, { client })
        const twice = second.status === 200 ? await detailsIn(session, second.body.access_token, resource) : undefined
        expect(twice).toBeUndefined()
        expect((await session.token({ ...asked, ...details(ORDER) }, { client })).status).toBe(400)
        const refresh = ({ body }: Raw) => ({
          grant_type: GRANT.refresh,
          refresh_token: String(body.refresh_token),
          resource,
        })
        const again = await session.token(refresh(first), { client })
        expect(await detailsIn(session, again.body.access_token, resource)).toBeUndefined()
        expect(await session.token({ ...refresh(again), ...details(ORDER) }, { client })).toMatchObject(refusal)
      }
    },
  },
  {
    title: 'a device gets only details that a person was shown',
    needs,
    async run(session) {
      const client = session.target.clients.public
      const asked = { scope: 'openid chat', resource: session.target.agentResource }
      const { body } = await session.post('device_authorization_endpoint', asked, { client })
      await session.controls.approveDevice(String(body.user_code), 'ann')
      await session.wait(1)
      const poll = { grant_type: GRANT.device, device_code: String(body.device_code), ...details(ORDER) }
      expect(await session.token(poll, { client })).toMatchObject(refusal)
    },
  },
]
