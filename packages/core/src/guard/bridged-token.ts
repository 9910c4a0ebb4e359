import { connectAuthorizationServer, type Profile } from '../authorization-server/index.ts'
import type { ResourceRoute, ResourceRule, UserIdentity } from '../contract/index.ts'
import type { IssuedToken } from '../credential/index.ts'
import { BehalfError, ConfigurationError, type OAuthResponseError } from '../errors/index.ts'
import { hasIdToken, profileOfRoute, redeemIdJag, requestIdJag } from '../token-exchange/index.ts'
import { type AuthorizedCall, needsApproval } from './call.ts'
import { scopesFor } from './grantable-scopes.ts'
import type { TokenSources } from './guard-parts.ts'
import type { FoundToken } from './opened-access.ts'
import { deny, loginRequired, type Refusal } from './refusal.ts'
import { tokenKey } from './token-key.ts'

/** Carries a refusal out of the cache's load. */
class Refused extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.detail)
    this.refusal = refusal
  }
}

/** A rule whose token comes from the API's own server. */
type BridgedRule = ResourceRule & { readonly through: ResourceRoute }

export const isBridged = (rule: ResourceRule): rule is BridgedRule => rule.through !== undefined

/** The token for an API of another domain: the user's issuer asserts them, the API's own server issues (ID-JAG). */
export async function bridgedToken(
  call: AuthorizedCall,
  rule: BridgedRule,
  sources: TokenSources,
): Promise<FoundToken | Refusal> {
  const { identity, grantable, deadline } = call
  if (identity.kind !== 'user') return deny('misconfigured', 'an employer asserts a user, and no user is here')
  if (!hasIdToken(identity)) return loginRequired('the identity came without an id_token to assert the user by')
  const profile = profileOfRoute(rule.through)
  if (profile === undefined) throw new ConfigurationError('resource.through', 'give what idJag({ … }) made')
  const load = (signal: AbortSignal) => bridge(call, { identity, rule, profile }, sources, signal)
  try {
    // I2: what was had for an approved call is not kept for another.
    if (needsApproval(call)) return { issued: await load(deadline.signal), cached: false }
    const key = tokenKey(identity, rule, scopesFor(grantable, rule), sources.servers)
    const { clientId: client, dpop } = profile
    const share = { client, agent: sources.agent.name, dpop }
    return { issued: await sources.tokens.get(key, load, deadline.signal, share), cached: true }
  } catch (error) {
    if (error instanceof Refused) return error.refusal
    throw error
  }
}

async function bridge(
  { grantable, report }: AuthorizedCall,
  {
    identity,
    rule,
    profile,
  }: { readonly identity: UserIdentity; readonly rule: BridgedRule; readonly profile: Profile },
  { servers, fetch, clock, timeoutMs }: TokenSources,
  signal: AbortSignal,
): Promise<IssuedToken> {
  const identityProvider = servers.of(identity.issuer)
  const { loginRequiredErrors = ['invalid_request', 'invalid_grant'] } = identityProvider.profile.exchange ?? {}
  const scopes = scopesFor(grantable, rule)
  const startedAt = clock.now()
  const target = { authorizationServer: profile, resource: rule.resource, scopes, signal }
  const idJag = await told(requestIdJag({ identityProvider, identity, ...target }), (error) =>
    loginRequiredErrors.includes(error.error)
      ? loginRequired(`the user's issuer asserts nobody by this id_token: ${error.error}`)
      : undefined,
  )
  const authorizationServer = connectAuthorizationServer(profile, { fetch, clock, timeoutMs })
  const issued = await told(redeemIdJag({ authorizationServer, idJag, clock, signal }), (error) =>
    error.error === 'invalid_grant'
      ? deny('not_permitted', `the API's authorization server takes no assertion of this user: ${error.message}`)
      : undefined,
  )
  report.recordToken(identity, { source: 'exchange', audience: rule.resource, issued, startedAt })
  return issued
}

/** A refusal that has a meaning of its own here ends the call with it. */
async function told<T>(work: Promise<T>, meaning: (error: OAuthResponseError) => Refusal | undefined): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!BehalfError.isInstance(error) || error.code !== 'ERR_OAUTH_RESPONSE') throw error
    const refusal = error as OAuthResponseError
    const known = refusal.error === 'insufficient_user_authentication' ? stepUp(refusal) : meaning(refusal)
    throw known === undefined ? error : new Refused(known)
  }
}

/** What RFC 9470 §3 has an API ask for, asked by an authorization server (ID-JAG §8.2). */
function stepUp({ acrValues, maxAge, message }: OAuthResponseError): Refusal {
  return {
    status: 'interrupted',
    detail: message,
    interrupt: {
      kind: 'step_up_required',
      id: crypto.randomUUID(),
      message: 'Sign in again to continue.',
      ...(acrValues !== undefined && { acrValues }),
      ...(maxAge !== undefined && { maxAge }),
    },
  }
}
