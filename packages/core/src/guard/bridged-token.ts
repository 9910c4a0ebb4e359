import { connectAuthorizationServer, type Profile } from '../authorization-server/index.ts'
import type { ResourceRoute, ResourceRule, UserIdentity } from '../contract/index.ts'
import type { IssuedToken } from '../credential/index.ts'
import { BehalfError, ConfigurationError, type OAuthResponseError } from '../errors/index.ts'
import { hasIdToken, profileOfRoute, redeemIdJag, requestIdJag } from '../token-exchange/index.ts'
import { scopesFor } from './check-roles.ts'
import type { Credentialed } from './credentialed.ts'
import type { Environment } from './environment.ts'
import { noteToken } from './note-token.ts'
import type { Progress } from './progress.ts'
import { deny, loginRequired, type Stop } from './stop.ts'
import { tokenKey } from './token-key.ts'

/** A stop on its way out of the cache's load. */
class Refused extends Error {
  readonly stop: Stop

  constructor(stop: Stop) {
    super(stop.detail)
    this.stop = stop
  }
}

/** A rule whose token comes from the API's own server. */
type BridgedRule = ResourceRule & { readonly through: ResourceRoute }

export const isBridged = (rule: ResourceRule): rule is BridgedRule => rule.through !== undefined

/** The token for an API of another domain: the user's issuer asserts them, the API's own server issues (ID-JAG). */
export async function bridgedToken(
  progress: Progress,
  rule: BridgedRule,
  environment: Environment,
): Promise<Credentialed> {
  const { identity } = progress
  if (identity?.kind !== 'user') return deny('misconfigured', 'an employer asserts a user, and no user is here')
  if (!hasIdToken(identity)) return loginRequired('the identity came without an id_token to assert the user by')
  const profile = profileOfRoute(rule.through)
  if (profile === undefined) throw new ConfigurationError('resource.through', 'give what idJag({ … }) made')
  const load = (signal: AbortSignal) => bridge(progress, identity, { rule, profile }, environment, signal)
  try {
    // I2: what was had for an approved call is not kept for another.
    if (progress.needsApproval) return { issued: await load(progress.signal), cached: false }
    const key = tokenKey(identity, rule, scopesFor(progress, rule), environment.servers)
    const { clientId: client, dpop } = profile
    const share = { client, agent: environment.agent.name, dpop }
    return { issued: await environment.tokens.get(key, load, progress.signal, share), cached: true }
  } catch (error) {
    if (error instanceof Refused) return error.stop
    throw error
  }
}

async function bridge(
  progress: Progress,
  identity: UserIdentity,
  { rule, profile }: { readonly rule: BridgedRule; readonly profile: Profile },
  environment: Environment,
  signal: AbortSignal,
): Promise<IssuedToken> {
  const { servers, fetch, clock, timeoutMs } = environment
  const identityProvider = servers.of(identity.issuer)
  const { loginRequiredErrors = ['invalid_request', 'invalid_grant'] } = identityProvider.profile.exchange ?? {}
  const scopes = scopesFor(progress, rule)
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
  noteToken(progress, environment, { source: 'exchange', audience: rule.resource, issued, startedAt })
  return issued
}

/** A refusal that has a meaning of its own here ends the call with it. */
async function told<T>(work: Promise<T>, meaning: (error: OAuthResponseError) => Stop | undefined): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!BehalfError.isInstance(error) || error.code !== 'ERR_OAUTH_RESPONSE') throw error
    const refusal = error as OAuthResponseError
    const stop = refusal.error === 'insufficient_user_authentication' ? stepUp(refusal) : meaning(refusal)
    throw stop === undefined ? error : new Refused(stop)
  }
}

/** What RFC 9470 §3 has an API ask for, asked by an authorization server (ID-JAG §8.2). */
function stepUp({ acrValues, maxAge, message }: OAuthResponseError): Stop {
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
