import { createRemoteJWKSet, decodeJwt, type JWTPayload, jwtVerify } from 'jose'
import { errors } from 'oidc-provider'
import { validateDpop } from 'oidc-provider/lib/helpers/grants.js'
import * as z from 'zod/mini'
import { GRANT } from '../client-metadata.ts'
import { type ServerContext, words } from '../server-context.ts'
import { actorClaim } from '../token-claims.ts'
import type { CustomGrant } from './grant.ts'
import { issueAccessToken, requireAllowedScopes } from './issue-access-token.ts'
import { onBehalfOf } from './on-behalf-of.ts'
import { optional, repeated, required } from './parameters.ts'

const invalid = (description: string): Error => new errors.InvalidGrant(description)

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
export const jwtBearer: CustomGrant = {
  type: GRANT.jwtBearer,
  parameters: ['assertion', 'scope', 'resource', 'audience', 'requested_token_use'],
  repeatable: ['resource', 'audience'],
  async handle(context, ctx) {
    if (optional(ctx, 'requested_token_use') === 'on_behalf_of') return onBehalfOf(context, ctx)
    const { clientId } = ctx.oidc.client
    const assertion = await verifyAssertion(context, required(ctx, 'assertion'))
    if (assertion.client_id !== clientId) throw invalid('the assertion is for another client')
    const proof = await validateDpop(context.provider, ctx)
    if (assertion.cnf !== undefined && assertion.cnf.jkt !== proof?.thumbprint) {
      throw invalid('the assertion is bound to a key that was not proved')
    }
    const user = [...context.state.users.values()].find(({ email }) => email !== undefined && email === assertion.email)
    if (user === undefined) throw invalid('the assertion names no user of this server')
    const [asked] = [...repeated(ctx, 'resource'), ...repeated(ctx, 'audience')]
    const resource = assertion.resource ?? asked
    if (resource === undefined || (asked !== undefined && asked !== resource)) {
      throw new errors.InvalidTarget('the assertion is for another API')
    }
    const allowed = words(assertion.scope)
    const scopes = words(optional(ctx, 'scope') ?? assertion.scope)
    requireAllowedScopes(context, ctx, { resource, scopes })
    const beyond = scopes.find((scope) => !allowed.includes(scope))
    if (beyond !== undefined) throw new errors.InvalidScope('the assertion does not have it', beyond)
    takeOnce(context, assertion)
    return issueAccessToken(context, ctx, {
      gty: 'jwt_bearer',
      subject: user.subject,
      resource,
      scopes,
      claims: { act: actorClaim(context, clientId) },
      proof,
    })
  },
}

async function verifyAssertion(context: ServerContext, assertion: string): Promise<IdJag> {
  const issuer = issuerOf(assertion)
  // Refuses an untrusted issuer before any request goes there. No server redeems its own assertions.
  if (issuer === context.issuer || !context.options.trustsAssertionsOf?.includes(issuer)) {
    throw invalid('the assertion is of an issuer that is not trusted here')
  }
  const payload = await verify(assertion, issuer, context.issuer)
  const parsed = IdJag.safeParse(payload)
  if (!parsed.success || parsed.data.aud !== context.issuer) throw invalid('the assertion is malformed')
  return parsed.data
}

async function verify(assertion: string, issuer: string, audience: string): Promise<JWTPayload> {
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))
  const options = { issuer, audience, typ: 'oauth-id-jag+jwt', algorithms: ['ES256', 'RS256'] }
  const { payload } = await jwtVerify(assertion, keys, options).catch(() => {
    throw invalid('the assertion does not verify')
  })
  return payload
}

function issuerOf(assertion: string): string {
  try {
    return String(decodeJwt(assertion).iss)
  } catch {
    throw invalid('the assertion is no JWT')
  }
}

function takeOnce({ state }: ServerContext, { iss, jti }: IdJag): void {
  const id = `${iss} ${jti}`
  if (state.redeemed.has(id)) throw invalid('the assertion was used before')
  state.redeemed.add(id)
}
