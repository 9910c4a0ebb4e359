import { generateDpopKey, importDpopKey } from '@behalf/core/providers'
import { expect } from 'vitest'
import { ask } from './backchannel.ts'
import { makeProver, nonceOf, proved } from './proof.ts'
import { GRANT, TYPE } from './raw.ts'
import type { Scenario } from './session.ts'

export const dpopBinding: readonly Scenario[] = [
  {
    title: 'a client with a key logs its user in, and an API refuses the token without the key',
    async run(session) {
      const dpop = await generateDpopKey({ clock: session.clock })
      const profile = session.profile(session.agent, { dpop })
      const { accessToken } = await session.login('ann', { profile })
      const { claims } = await session
        .connect(profile)
        .verifyJwt(accessToken, { audience: session.target.agentResource })
      expect(claims.cnf).toEqual({ jkt: dpop.thumbprint })
      const asBearer = session.verify(accessToken, session.target.agentResource, profile)
      await expect(asBearer).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'binding' })
    },
  },
  {
    title: 'a refresh stays bound',
    async run(session) {
      const dpop = await generateDpopKey({ clock: session.clock })
      const profile = session.profile(session.agent, { dpop })
      const { refreshToken } = await session.login('ann', { profile })
      const next = await session.connect(profile).grant(GRANT.refresh, { refresh_token: refreshToken })
      expect(next.tokenType).toBe('dpop')
    },
  },
  {
    title: "a public client's refresh token works with its key only",
    async run(session) {
      const client = session.target.clients.public
      const dpop = await generateDpopKey({ clock: session.clock })
      const { refreshToken = '' } = await session.login('ann', { client, profile: session.profile(client, { dpop }) })
      const parameters = { grant_type: GRANT.refresh, refresh_token: refreshToken }
      const stolen = await proved(session, await makeProver(), parameters, { client })
      expect(stolen).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    },
  },
  {
    title: 'a bound token is exchanged for a bound one, or not at all',
    needs: ['token-exchange'],
    async run(session) {
      const prover = await makeProver()
      const dpop = await generateDpopKey({ clock: session.clock })
      const { accessToken } = await session.login('ann', { profile: session.profile(session.agent, { dpop }) })
      const parameters = {
        grant_type: GRANT.exchange,
        subject_token: accessToken,
        subject_token_type: TYPE.accessToken,
        resource: session.target.api.resource,
        scope: 'portfolio:read',
      }
      expect(await session.token(parameters)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
      const { body } = await proved(session, prover, parameters)
      expect(body.token_type).toBe('DPoP')
      const audience = session.target.api.resource
      const { claims } = await session.server().verifyJwt(String(body.access_token), { audience })
      expect(claims).toMatchObject({ cnf: { jkt: prover.thumbprint }, act: { sub: session.target.agentName } })
    },
  },
  {
    title: 'an exchange takes a proof once',
    needs: ['token-exchange'],
    async run(session) {
      const { accessToken } = await session.login()
      const prover = await makeProver()
      const claims = { jti: 'the-same-proof', nonce: await nonceOf(session, prover) }
      const parameters = {
        grant_type: GRANT.exchange,
        subject_token: accessToken,
        subject_token_type: TYPE.accessToken,
        resource: session.target.api.resource,
        scope: 'portfolio:read',
      }
      expect((await proved(session, prover, parameters, { claims })).body.token_type).toBe('DPoP')
      const again = await proved(session, prover, parameters, { claims })
      expect(again).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } })
    },
  },
  {
    title: 'an approval is bound to the key of who asked',
    needs: ['ciba', 'authorization-details'],
    async run(session) {
      const dpop = await importDpopKey(
        await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']),
        { clock: session.clock },
      )
      const { look } = await ask(session, {}, { profile: session.profile(session.agent, { dpop }) })
      await session.controls.approve()
      expect(await look()).toMatchObject({ status: 'approved', token: { keyThumbprint: dpop.thumbprint } })
    },
  },
]
