import { decodeJwt } from 'jose'
import { expect } from 'vitest'
import { login } from '../../target/login.ts'
import { makeProver, type Prover, proved } from './proof.ts'
import { form, GRANT, type Raw, type RawParameters, send, TYPE } from './raw.ts'
import type { Scenario, Session } from './session.ts'

const needs = ['id-jag'] as const

/** Performs the employer's part: exchanges the id_token of a login there for an assertion to the app's server. */
async function assertion(session: Session, changes: RawParameters = {}, prover?: Prover): Promise<Raw> {
  const { enterprise, users, clients, api } = session.target
  if (enterprise === undefined) throw new TypeError('a target with id-jag has an enterprise issuer')
  const employer = { authorizationServer: enterprise, clients }
  const { idToken = '' } = await login(employer, { user: users.ann.enterpriseSubject, scope: 'openid' })
  const url = `${enterprise.issuer}/oauth/token`
  const parameters: RawParameters = {
    grant_type: GRANT.exchange,
    subject_token: idToken,
    subject_token_type: TYPE.idToken,
    requested_token_type: TYPE.idJag,
    audience: session.issuer,
    resource: api.resource,
    scope: 'portfolio:read',
    ...changes,
  }
  if (prover === undefined) return send(url, form(parameters, session.agent))
  const asked = await send(url, form(parameters, session.agent, { dpop: await prover.proof(url) }))
  const nonce = asked.headers.get('dpop-nonce')
  return send(url, form(parameters, session.agent, { dpop: await prover.proof(url, { nonce }) }))
}

const redeem = (session: Session, token: unknown, changes: RawParameters = {}, client = session.agent): Promise<Raw> =>
  session.token({ grant_type: GRANT.jwtBearer, assertion: String(token), ...changes }, { client })

export const idJag: readonly Scenario[] = [
  {
    title: "an employer's assertion gets a token for the person's account here",
    needs,
    async run(session) {
      const { body } = await assertion(session)
      expect(body).toMatchObject({ issued_token_type: TYPE.idJag, token_type: 'N_A' })
      expect(decodeJwt(String(body.access_token))).toMatchObject({ aud: session.issuer, sub: 'emp-7' })
      const redeemed = await redeem(session, body.access_token)
      expect(redeemed.body).not.toHaveProperty('refresh_token')
      const identity = await session.verify(String(redeemed.body.access_token), session.target.api.resource)
      expect(identity).toMatchObject({ subject: 'ann', actor: { subject: session.target.agentName } })
    },
  },
  {
    title: 'it is taken once, from its client, within its scopes, for its API',
    needs,
    async run(session) {
      const { body } = await assertion(session)
      const { access_token: token } = body
      const refused = { status: 400, body: { error: 'invalid_grant' } }
      expect(await redeem(session, token, {}, session.target.clients.other)).toMatchObject(refused)
      expect(await redeem(session, token, { scope: 'trade:write' })).toMatchObject({ body: { error: 'invalid_scope' } })
      const elsewhere = { resource: session.target.agentResource }
      expect(await redeem(session, token, elsewhere)).toMatchObject({ body: { error: 'invalid_target' } })
      expect((await redeem(session, token)).status).toBe(200)
      expect(await redeem(session, token)).toMatchObject(refused)
    },
  },
  {
    title: 'only an employer that is trusted is believed, and no other token is taken for an assertion',
    needs,
    async run(session) {
      const refused = { status: 400, body: { error: 'invalid_grant' } }
      const { accessToken, idToken } = await session.login()
      expect(await redeem(session, accessToken)).toMatchObject(refused)
      expect(await redeem(session, idToken)).toMatchObject(refused)
      const { enterprise, users, clients } = session.target
      const employer = { authorizationServer: enterprise as typeof session.target.authorizationServer, clients }
      const login2 = await login(employer, { user: users.ann.enterpriseSubject, scope: 'openid' })
      expect(await redeem(session, login2.idToken)).toMatchObject(refused)
    },
  },
  {
    title: 'an assertion is refused while the keys of its issuer cannot be read',
    needs: ['id-jag', 'faults'],
    async run(session) {
      const { body } = await assertion(session)
      const refused = { status: 400, body: { error: 'invalid_grant' } }
      for (const fault of [{ reset: true }, { status: 503 }, { body: 'no keys' }] as const) {
        await session.target.enterprise?.controls.fault('jwks', fault)
        expect(await redeem(session, body.access_token)).toMatchObject(refused)
      }
      expect((await redeem(session, body.access_token)).status).toBe(200)
    },
  },
  {
    title: 'an employer asserts to servers that it knows, and for an id_token',
    needs,
    async run(session) {
      const elsewhere = await assertion(session, { audience: 'https://elsewhere.example' })
      expect(elsewhere).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
      const wrong = await assertion(session, { subject_token_type: TYPE.accessToken })
      expect(wrong).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    },
  },
  {
    title: 'an assertion that is bound to a key is redeemed with that key, for a bound token',
    needs,
    async run(session) {
      const prover = await makeProver()
      const { body } = await assertion(session, {}, prover)
      const { access_token: token } = body
      expect(decodeJwt(String(token)).cnf).toEqual({ jkt: prover.thumbprint })
      const refused = { status: 400, body: { error: 'invalid_grant' } }
      expect(await redeem(session, token)).toMatchObject(refused)
      const parameters = { grant_type: GRANT.jwtBearer, assertion: String(token) }
      expect(await proved(session, await makeProver(), parameters)).toMatchObject(refused)
      expect(await proved(session, prover, parameters)).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    },
  },
]
