import { importJWK, SignJWT } from 'jose'
import { errors } from 'oidc-provider'
import { buildTokenResponse, checkDpopReplay, validateDpop } from 'oidc-provider/lib/helpers/grants.js'
import { epochSeconds, type ServerContext } from '../server-context.ts'
import type { GrantContext } from './grant.ts'
import { optional, repeated, required } from './parameters.ts'
import { type OwnToken, TOKEN_TYPE } from './subject-token.ts'

const ID_JAG_SECONDS = 300

/**
 * Asserts a user to another authorization server (Cross App Access): the employer's side.
 *
 * `audience` is the issuer of that server, and it must be one that this server asserts to. The client has the same name
 * at both. Bound to the key of the DPoP proof, if the request has one.
 *
 * @see {@link https://datatracker.ietf.org/doc/draft-ietf-oauth-identity-assertion-authz-grant/ | ID-JAG}
 */
export async function issueIdJag(context: ServerContext, ctx: GrantContext, subject: OwnToken): Promise<object> {
  if (required(ctx, 'subject_token_type') !== TOKEN_TYPE.idToken) {
    throw new errors.InvalidRequest('an ID-JAG is issued for an id_token')
  }
  const [audience, ...more] = repeated(ctx, 'audience')
  if (audience === undefined || more.length > 0 || !context.options.assertsTo?.includes(audience)) {
    throw new errors.InvalidTarget('audience is no authorization server that users are asserted to')
  }
  const { clientId } = ctx.oidc.client
  const proof = await validateDpop(context.provider, ctx)
  await checkDpopReplay(context.provider, ctx, proof, clientId, errors.InvalidDpopProof)
  const now = epochSeconds()
  const user = context.state.users.get(subject.sub)
  const [resource] = repeated(ctx, 'resource')
  const scope = optional(ctx, 'scope')
  const assertion = await new SignJWT({
    iss: context.issuer,
    sub: subject.sub,
    aud: audience,
    client_id: clientId,
    jti: crypto.randomUUID(),
    iat: now,
    exp: now + ID_JAG_SECONDS,
    ...(user?.email !== undefined && { email: user.email }),
    ...(resource !== undefined && { resource }),
    ...(scope !== undefined && { scope }),
    ...(proof !== undefined && { cnf: { jkt: proof.thumbprint } }),
  })
    .setProtectedHeader({ typ: 'oauth-id-jag+jwt', alg: context.algorithm, kid: context.key.kid as string })
    .sign(await importJWK(context.key, context.algorithm))
  return buildTokenResponse(context.provider, {
    accessToken: assertion,
    issuedTokenType: TOKEN_TYPE.idJag,
    // RFC 8693 §2.2.1: the issued token is no access token.
    tokenType: 'N_A',
    expiresIn: ID_JAG_SECONDS,
    scope,
  })
}
