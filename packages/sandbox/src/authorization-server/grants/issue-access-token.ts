import { type AuthorizationDetail, errors } from 'oidc-provider'
import { buildTokenResponse, checkDpopReplay, type DPoPValidationResult } from 'oidc-provider/lib/helpers/grants.js'
import { clientOf, epochSeconds, permitted, resourceOf, type ServerContext, secondsOf } from '../server-context.ts'
import { addClaims } from '../token-claims.ts'
import type { GrantContext } from './grant.ts'

export interface AccessTokenRequest {
  readonly gty: string
  readonly subject: string
  /** An API's identifier. */
  readonly resource: string
  readonly scopes: readonly string[]
  /** Claims of the user's login, `act`, and further claims of the token. */
  readonly claims: Readonly<Record<string, unknown>>
  readonly grantId?: string | undefined
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined
  readonly proof?: DPoPValidationResult | undefined
  /** Caps the life time, epoch seconds. */
  readonly notAfter?: number | undefined
  readonly issuedTokenType?: string | undefined
}

/** Issues an access token for one API, with its response. */
export async function issueAccessToken(
  context: ServerContext,
  ctx: GrantContext,
  request: AccessTokenRequest,
): Promise<object> {
  const { provider } = context
  const { client } = ctx.oidc
  const { resource, subject, grantId, authorizationDetails, proof, notAfter = Number.POSITIVE_INFINITY } = request
  const token = new provider.AccessToken({
    accountId: subject,
    client,
    gty: request.gty,
    // The library takes 0 for its default.
    expiresIn: Math.max(1, Math.min(secondsOf(context, resource), notAfter - epochSeconds())),
    // The library binds a token to its grant's client, but an API may exchange a token of another client.
    ...(grantId !== undefined && isOf(context, grantId, client.clientId) && { grantId }),
    ...(authorizationDetails && { rar: [...authorizationDetails] }),
  } as never)
  token.resourceServer = resourceServer(context, resource)
  const scopes = permitted(context, subject, request.scopes)
  token.scope = scopes.join(' ')
  if (proof !== undefined) {
    await checkDpopReplay(provider, ctx, proof, client.clientId, errors.InvalidDpopProof)
    token.setThumbprint('jkt', proof.thumbprint)
  }
  addClaims(token, request.claims)
  const accessToken = await token.save()
  if (grantId !== undefined) context.state.grantsByTokenId.set(token.jti, grantId)
  return buildTokenResponse(provider, {
    accessToken,
    tokenType: token.tokenType,
    expiresIn: token.expiration,
    scope: token.scope,
    authorizationDetails,
    issuedTokenType: request.issuedTokenType,
  })
}

function isOf({ records }: ServerContext, grantId: string, clientId: string): boolean {
  return records.get('Grant', grantId)?.clientId === clientId
}

function resourceServer({ provider, options, algorithm }: ServerContext, identifier: string) {
  const resource = resourceOf({ options }, identifier)
  if (resource === undefined) throw new errors.InvalidTarget(`no such API: ${identifier}`)
  return new provider.ResourceServer(identifier, {
    scope: resource.scopes.join(' '),
    audience: identifier,
    accessTokenFormat: resource.opaque ? 'opaque' : 'jwt',
    accessTokenTTL: secondsOf({ options }, identifier),
    jwt: { sign: { alg: algorithm } },
  })
}

/** @throws `invalid_scope` The API does not have one of these, or the client may never get it. */
export function requireAllowedScopes(
  { options }: ServerContext,
  { oidc }: GrantContext,
  { resource, scopes }: Pick<AccessTokenRequest, 'resource' | 'scopes'>,
): void {
  const known = resourceOf({ options }, resource)?.scopes
  if (known === undefined) throw new errors.InvalidTarget(`no such API: ${resource}`)
  const unknown = scopes.find((scope) => !known.includes(scope))
  if (unknown !== undefined) throw new errors.InvalidScope('unknown scope for this target', unknown)
  const { clientId } = oidc.client
  const allowed = clientOf({ options }, clientId)?.scopes ?? scopes
  const beyond = scopes.find((scope) => !allowed.includes(scope))
  if (beyond !== undefined) throw new errors.InvalidScope(`client ${clientId} may not have it`, beyond)
}
