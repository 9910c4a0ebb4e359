import { expect } from 'vitest'
import { ask, rawRequest } from './backchannel.ts'
import { GRANT, ORDER } from './raw.ts'
import type { Scenario } from './session.ts'

const needs = ['ciba', 'authorization-details'] as const

export const cibaAnswers: readonly Scenario[] = [
  {
    title: 'a yes gives one token, for exactly what was asked',
    needs,
    async run(session) {
      const { look, lookAtOnce } = await ask(session)
      expect(await look()).toMatchObject({ status: 'pending' })
      await session.controls.approve()
      expect(await look()).toMatchObject({
        status: 'approved',
        token: { scopes: ['trade:write'], actor: { subject: session.target.agentName }, expiresAt: expect.any(Number) },
      })
      await session.wait(1)
      expect(await lookAtOnce()).toEqual({ status: 'answer_lost' })
    },
  },
  {
    title: 'the token that carries the approval says so itself',
    needs,
    async run(session) {
      const { body } = await rawRequest(session)
      await session.controls.approve()
      await session.wait(1)
      const answer = await session.token({ grant_type: GRANT.ciba, auth_req_id: String(body.auth_req_id) })
      expect(answer.body).toMatchObject({ token_type: 'Bearer', authorization_details: [ORDER] })
      const { claims } = await session
        .server()
        .verifyJwt(String(answer.body.access_token), { audience: session.target.api.resource, types: ['at+jwt'] })
      expect(claims).toMatchObject({
        sub: 'ann',
        authorization_details: [ORDER],
        act: { sub: session.target.agentName },
        scope: 'trade:write',
      })
    },
  },
  {
    title: 'a no is a no',
    needs,
    async run(session) {
      const { look } = await ask(session)
      await session.controls.deny()
      expect(await look()).toMatchObject({ status: 'denied' })
    },
  },
  {
    title: 'a question that ran out is told apart from a no',
    needs,
    async run(session) {
      const { look } = await ask(session)
      await session.controls.expire()
      expect(await look()).toMatchObject({ status: 'expired' })
    },
  },
  {
    title: 'a server that wants fewer polls is obeyed, for good',
    needs,
    async run(session) {
      const { lookAtOnce } = await ask(session)
      await session.controls.slowDown()
      expect(await lookAtOnce()).toMatchObject({ status: 'pending', interval: 6, retryAfter: 6 })
    },
  },
  {
    title: 'a poll that comes too soon is told to slow down',
    needs,
    async run(session) {
      const { lookAtOnce } = await ask(session)
      const intervals: unknown[] = []
      // On a busy machine, two polls may be a second apart.
      for (let looks = 0; looks < 10 && !intervals.includes(6); looks++) {
        const answer = await lookAtOnce()
        intervals.push(answer.status === 'pending' && answer.interval)
      }
      expect([intervals[0], intervals.at(-1)]).toEqual([1, 6])
    },
  },
  {
    title: 'an answer by another user is no approval',
    needs,
    async run(session) {
      const { look } = await ask(session)
      await session.controls.approve(undefined, { subject: 'bob' })
      expect(await look()).toMatchObject({ status: 'failed' })
    },
  },
  {
    title: 'an answer to something else is no approval',
    needs,
    async run(session) {
      const { look } = await ask(session)
      await session.controls.approve(undefined, { authorizationDetails: [{ ...ORDER, quantity: 5 }] })
      expect(await look()).toMatchObject({ status: 'failed' })
    },
  },
  {
    title: 'an answer for fewer scopes is no approval',
    needs,
    async run(session) {
      const { look } = await ask(session)
      await session.controls.approve(undefined, { scopes: ['openid'] })
      expect(await look()).toMatchObject({ status: 'failed' })
    },
  },
  {
    title: 'an answer that got lost is gone, and known to be',
    needs,
    async run(session) {
      const { look, lookAtOnce } = await ask(session)
      await session.controls.approve()
      await session.controls.answerLost()
      expect(await look()).toMatchObject({ status: 'pending' })
      await session.wait(1)
      expect(await lookAtOnce()).toEqual({ status: 'answer_lost' })
    },
  },
  {
    title: 'the answer belongs to the client that asked',
    needs,
    async run(session) {
      const { body } = await rawRequest(session)
      await session.controls.approve()
      await session.wait(1)
      const stolen = await session.token(
        { grant_type: GRANT.ciba, auth_req_id: String(body.auth_req_id) },
        { client: session.target.clients.other },
      )
      expect(stolen).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    },
  },
  {
    title: 'in ping mode the client is told, and then asks',
    needs,
    async run(session) {
      const { agentWithPing } = session.target.clients
      const profile = session.profile(agentWithPing)
      const { look } = await ask(session, {}, { profile, options: { ping: true } })
      expect(await session.target.notifications.received()).toEqual([])
      const [pending] = await session.controls.pendingRequests()
      await session.controls.approve()
      const notifications = await session.target.notifications.received()
      expect(notifications).toEqual([
        { authorization: expect.stringMatching(/^Bearer \S+$/), body: { auth_req_id: pending?.authReqId } },
      ])
      expect(await look()).toMatchObject({ status: 'approved' })
    },
  },
  {
    title: 'in ping mode a no is told as well',
    needs,
    async run(session) {
      const profile = session.profile(session.target.clients.agentWithPing)
      const { look } = await ask(session, {}, { profile, options: { ping: true } })
      await session.controls.deny()
      expect(await session.target.notifications.received()).toHaveLength(1)
      expect(await look()).toMatchObject({ status: 'denied' })
    },
  },
]
