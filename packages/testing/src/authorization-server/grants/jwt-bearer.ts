import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'
import * as z from 'zod/mini'
import { optional, required, words } from '../../http/received.ts'
import { Refusal } from '../../http/refusal.ts'
import { type GrantRequest, type GrantServer, PATHS, redeemOnce, type SharedServer } from '../server-facts.ts'
import { actorClaim } from '../tokens/claims.ts'
import { grantedScopes } from './grant-targets.ts'

/** Maximum wait for the keys of the other server, in milliseconds. */
const KEYS_TIMEOUT_MS = 5000

const invalid = (description: string): Refusal => new Refusal('invalid_grant', description)

/** Required claims of an ID-JAG. `aud` is exactly one: this server. */
const IdJag = z.object({
  iss: z.string(),
  sub: z.string(),
  aud: z.string(),
  client_id: z.string(),
  jti: z.string(),
  iat: z.number(),
  exp: z.number(),
  email: z.optional(z.string()),
  resource: z.optional(z.string()),
  scope: z.optional(z.string()),
  cnf: z.optional(z.object({ jkt: z.string() })),
})
type IdJag = z.infer<typeof IdJag>

/**
 * Redeems the assertion of an employer's server (Cross App Access): the app's side. Issues no refresh token.
 *
 * Accepts an assertion once. Its `resource` and `scope` limit the issued token.
 *
 * @see {@link https://datatracker.ietf.org/doc/draft-ietf-oauth-identity-assertion-authz-grant/ | ID-JAG}
 * @see {@link https://www.rfc-editor.org/rfc/rfc7523#section-3 | RFC 7523 §3}
 */
export async function redeemIdJag(server: GrantServer, { client, parameters, proof }: GrantRequest): Promise<object> {
  const assertion = await verifyAssertion(server, required(parameters, 'assertion'))
  if (assertion.client_id !== client.clientId) throw invalid('the assertion is for another client')
  if (assertion.cnf !== undefined && assertion.cnf.jkt !== proof?.thumbprint) {
    throw invalid('the assertion is bound to a key that was not proved')
  }
  const user = [...server.state.users.values()].find(({ email }) => email !== undefined && email === assertion.email)
  if (user === undefined) throw invalid('the assertion names no user of this server')
  const resource = targetOf(server, assertion, parameters)
  const requested = words(optional(parameters, 'scope') ?? assertion.scope)
  const beyond = requested.find((scope) => !words(assertion.scope).includes(scope))
  if (beyond !== undefined) throw new Refusal('invalid_scope', `the assertion does not have ${beyond}`)
  const audience = [resource]
  const scopes = grantedScopes(server, { client, subject: user.subject, requested, audience })
  redeemOnce(server, `${assertion.iss} ${assertion.jti}`, () => invalid('the assertion was used before'))
  return server.issueAccessToken({
    clientId: client.clientId,
    subject: user.subject,
    audience,
    scopes,
    actor: actorClaim(server, client),
    thumbprint: proof?.thumbprint,
  })
}

function targetOf(server: SharedServer, assertion: IdJag, parameters: URLSearchParams): string {
  const [asked] = [...parameters.getAll('resource'), ...parameters.getAll('audience')]
  const resource = assertion.resource ?? asked
  if (resource === undefined || !server.resources.has(resource) || (asked !== undefined && asked !== resource)) {
    throw new Refusal('invalid_target', 'the assertion is for another API')
  }
  return resource
}

async function verifyAssertion(server: SharedServer, assertion: string): Promise<IdJag> {
  const issuer = issuerOf(assertion)
  // Refuses an untrusted issuer before any request goes there. No server redeems its own assertions.
  if (issuer === server.issuer || !server.trustsAssertionsOf.includes(issuer)) {
    throw invalid('the assertion is of an issuer that is not trusted here')
  }
  const parsed = IdJag.safeParse(await verify(server, assertion, issuer))
  if (!parsed.success || parsed.data.aud !== server.issuer) throw invalid('the assertion is malformed')
  return parsed.data
}

async function verify(server: SharedServer, assertion: string, issuer: string): Promise<JWTPayload> {
  try {
    const signal = AbortSignal.timeout(KEYS_TIMEOUT_MS)
    const keys = await server.fetch(`${issuer.replace(/\/$/, '')}${PATHS.jwks}`, { signal, redirect: 'manual' })
    const { payload } = await jwtVerify(assertion, createLocalJWKSet((await keys.json()) as JSONWebKeySet), {
      issuer,
      audience: server.issuer,
      typ: 'oauth-id-jag+jwt',
      algorithms: ['ES256', 'RS256'],
      currentDate: new Date(server.clock.now()),
    })
    return payload
  } catch {
    throw invalid('the assertion does not verify')
  }
}

function issuerOf(assertion: string): string {
  try {
    return String(decodeJwt(assertion).iss)
  } catch {
    throw invalid('the assertion is no JWT')
  }
}
