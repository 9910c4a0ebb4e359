import { port } from '@behalf/testing/late-reads'
import { HttpResponse, http } from 'msw'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { accessTokenClaims, mockIssuer } from '../oauth/mock-issuer.ts'

export const issuer = 'https://as.example.com'
const as = await mockIssuer(issuer)
Object.assign(as.metadata, {
  introspection_endpoint: `${issuer}/introspect`,
  revocation_endpoint: `${issuer}/revoke`,
  device_authorization_endpoint: `${issuer}/device`,
  authorization_endpoint: `${issuer}/authorize`,
  userinfo_endpoint: `${issuer}/userinfo`,
  end_session_endpoint: `${issuer}/logout`,
})
export const { aud: audience } = accessTokenClaims
const end = () => Math.floor(Date.now() / 1000) + 3600
export const idToken = (claims: object = {}) => as.sign({ sub: 'ann', aud: 'agent-app', ...claims }, { typ: 'JWT' })
export const accessToken = (claims: object = {}) => as.sign({ ...accessTokenClaims, exp: end(), ...claims })
export const answer = async () => ({
  access_token: 'an-opaque-token',
  token_type: 'Bearer',
  expires_in: 3600,
  scope: 'openid chat',
  refresh_token: 'a-refresh-token',
  id_token: await idToken(),
})
/** For each test file: modules may outlive one. */
export const handlers = [
  ...as.handlers,
  http.post(`${issuer}/token`, async () => HttpResponse.json(await answer())),
  http.post(`${issuer}/revoke`, () => new HttpResponse(null, { status: 200 })),
  http.post(`${issuer}/bc-authorize`, () => HttpResponse.json({ auth_req_id: 'r', expires_in: 60 })),
  http.post(`${issuer}/device`, () => HttpResponse.json(device)),
  http.get(`${issuer}/userinfo`, () => HttpResponse.json({ sub: 'ann' })),
  http.post(`${issuer}/introspect`, () =>
    HttpResponse.json({ active: true, iss: issuer, aud: audience, sub: 'ann', client_id: 'app', exp: end() }),
  ),
]
export const device = {
  device_code: 'a-code',
  user_code: 'ABCD',
  verification_uri: 'https://as.example.com/device',
  expires_in: 60,
  interval: 0.001,
}
export const profile = oidc({ issuer, clientId: 'agent-app', clientSecret: 'a-client-secret' })
export const surroundings = () => ({
  fetch: (input: string | URL | Request, init?: RequestInit) => fetch(input, init),
  clock: port({ now: () => Date.now() }),
  timeoutMs: 5000,
})
export const server = connectAuthorizationServer(profile, surroundings())
export const bearer = async () => new Request(audience, { headers: { authorization: `Bearer ${await accessToken()}` } })
export const ann = { subject: 'ann' }
export const signal = () => AbortSignal.timeout(5000)
