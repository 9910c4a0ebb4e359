import { expect } from 'vitest'
import { makeProver, nonceOf, proved } from './proof.ts'
import { form, GRANT, send } from './raw.ts'
import type { Scenario } from './session.ts'

const own = { grant_type: GRANT.clientCredentials, scope: 'chat' }

/** Defines a scenario with a proof whose claim is invalid. */
function refused(title: string, claims: Readonly<Record<string, unknown>>): Scenario {
  return {
    title,
    async run(session) {
      const answer = await proved(session, await makeProver(), own, { claims })
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } })
    },
  }
}

export const dpopProofs: readonly Scenario[] = [
  {
    title: 'a proof without a nonce is answered with one, and then taken',
    async run(session) {
      const prover = await makeProver()
      const url = await session.endpoint('token_endpoint')
      const iat = Math.floor(session.clock.now() / 1000)
      const without = await send(url, form(own, session.agent, { dpop: await prover.proof(url, { iat }) }))
      expect(without).toMatchObject({ status: 400, body: { error: 'use_dpop_nonce' } })
      const nonce = without.headers.get('dpop-nonce')
      expect(nonce).toEqual(expect.any(String))
      const withNonce = await send(url, form(own, session.agent, { dpop: await prover.proof(url, { iat, nonce }) }))
      expect(withNonce).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    },
  },
  {
    title: 'the token names the key of the proof',
    async run(session) {
      const prover = await makeProver()
      const { body } = await proved(session, prover, own)
      const audience = session.target.agentResource
      const { claims } = await session.server().verifyJwt(String(body.access_token), { audience })
      expect(claims.cnf).toEqual({ jkt: prover.thumbprint })
    },
  },
  {
    title: 'a proof is taken once',
    async run(session) {
      const prover = await makeProver()
      const nonce = await nonceOf(session, prover)
      const url = await session.endpoint('token_endpoint')
      const iat = Math.floor(session.clock.now() / 1000)
      const dpop = await prover.proof(url, { iat, nonce })
      expect((await send(url, form(own, session.agent, { dpop }))).status).toBe(200)
      const again = await send(url, form(own, session.agent, { dpop }))
      expect(again.status).toBe(400)
      expect(['invalid_dpop_proof', 'invalid_grant']).toContain(again.body.error)
    },
  },
  {
    title: 'a nonce that the server did not issue is refused',
    async run(session) {
      const answer = await proved(session, await makeProver(), own, { claims: { nonce: 'bm90LW91cnM' } })
      expect(answer).toMatchObject({ status: 400, body: { error: 'use_dpop_nonce' } })
      expect(answer.headers.get('dpop-nonce')).toEqual(expect.any(String))
    },
  },
  refused('a proof for another URL is refused', { htu: 'https://elsewhere.example/token' }),
  refused('a proof for another method is refused', { htm: 'GET' }),
  refused('a proof without an id is refused', { jti: undefined }),
  {
    title: 'a proof that is no proof is refused',
    async run(session) {
      const url = await session.endpoint('token_endpoint')
      const answer = await send(url, form(own, session.agent, { dpop: 'not-a-proof' }))
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } })
    },
  },
]
