import { InvalidTokenError, StoreError, TransportError } from '../base/errors/index.ts'
import type { Clock } from '../base/ports.ts'
import { isLoginAsAsked } from '../identity/wire.ts'
import { type ActorRules, type AuthenticationRules, mayAct } from './caller-rules.ts'
import { type Challenged, type ChallengeSettings, type Complaint, refuse, type Scheme } from './challenge.ts'
import type { DpopRules } from './dpop-options.ts'
import { type ProtectedRequest, readAccessToken } from './read-access-token.ts'
import { type CallerRules, type Passed, verifyCaller } from './verify-caller.ts'
import { hasRunOut, isFirstUse, isTooLate, type UsedProof, verifyProof } from './verify-proof.ts'

const DEFAULT_RETRY_SECONDS = 5

/** An API, set up. */
export interface ApiSettings {
  readonly caller: CallerRules
  readonly dpop: DpopRules | undefined
  readonly origins: readonly string[]
  readonly pathPrefix: string
  readonly actors: ActorRules
  readonly clock: Clock
  readonly challenge: ChallengeSettings
}

/** Requirements of one request. */
export interface CheckedRules {
  readonly scopes: readonly string[]
  readonly anyScope: readonly string[]
  readonly keepScopes: readonly string[]
  readonly authentication: AuthenticationRules
  readonly actors: ActorRules
  /** Finds the rules that take the place of these, for a token that was verified. */
  readonly found?: () => Promise<CheckedRules>
}

type Proved = UsedProof & { readonly nonce?: string }

type Refuse = (reason: string, error: Complaint['error'], description: string, more?: object) => Challenged

/** Checks in this order: form, proof, token, actor, login, scopes; consumes the proof last. */
export async function protectRequest(
  request: ProtectedRequest,
  rules: CheckedRules,
  settings: ApiSettings,
): Promise<Passed | Challenged> {
  const { challenge, dpop } = settings
  const presented = readAccessToken(request)
  if (presented.kind === 'none' || (presented.scheme === 'DPoP' && dpop === undefined)) {
    return refuse(challenge, 'no access token that is accepted here', { scheme: undefined, scopes: rules.scopes })
  }
  const { scheme } = presented
  const no: Refuse = (reason, error, errorDescription, more = {}) =>
    refuse(challenge, reason, { scheme, complaint: { error, errorDescription, ...more } })
  if (presented.kind === 'malformed') return no(presented.description, 'invalid_request', presented.description)
  const admission = { request, rules, settings, no }
  try {
    if (scheme === 'DPoP' && dpop !== undefined) {
      return await admitBound(presented.token, dpop, admission)
    }
    if (dpop?.required === true) {
      return no('not bound to a key', 'invalid_token', 'Only tokens that are bound to a key are accepted')
    }
    return await admitCaller({ ...presented, provedKey: undefined }, admission)
  } catch (error) {
    if (error instanceof InvalidTokenError) {
      return no(error.reason, 'invalid_token', `The access token is not acceptable: ${error.reason}`)
    }
    if (error instanceof TransportError || (error instanceof StoreError && error.retryable)) return unavailable(error)
    throw error
  }
}

/** A request, its requirements, and the form of its refusal. */
interface Admission {
  readonly request: ProtectedRequest
  readonly rules: CheckedRules
  readonly settings: ApiSettings
  readonly no: Refuse
}

async function admitBound(token: string, dpop: DpopRules, admission: Admission): Promise<Passed | Challenged> {
  const { request, settings, no } = admission
  const proof = await proved(request, token, dpop, settings)
  if ('ok' in proof) return proof
  const presented = { token, scheme: 'DPoP', provedKey: proof.thumbprint } as const
  const passed = await admitCaller(presented, admission)
  if (!passed.ok) return passed
  // Last, so that only a good token writes to the store.
  const times = { windowSeconds: dpop.windowSeconds, now: settings.clock.now() / 1000 }
  if (isTooLate(proof, times)) {
    return no('proof: stale', 'invalid_dpop_proof', 'The DPoP proof is not acceptable: stale')
  }
  if (!(await isFirstUse(dpop.store, proof, times))) {
    return no('the proof was used before', 'invalid_dpop_proof', 'The DPoP proof was used before')
  }
  return { ...passed, headers: await nextNonce(dpop, proof) }
}

async function admitCaller(
  {
    token,
    scheme,
    provedKey,
  }: { readonly token: string; readonly scheme: Scheme; readonly provedKey: string | undefined },
  { request, rules, settings, no }: Admission,
): Promise<Passed | Challenged> {
  const passed = await verifyCaller(token, scheme, settings.caller, { provedKey, signal: request.signal })
  return demand(passed, (await rules.found?.()) ?? rules, settings, no) ?? passed
}

function demand(passed: Passed, rules: CheckedRules, settings: ApiSettings, no: Refuse): Challenged | undefined {
  const { identity, scopes } = passed
  if (!mayAct(settings.actors, identity) || !mayAct(rules.actors, identity)) {
    return no('the actor is not allowed here', 'actor_not_allowed', 'This actor is not allowed here')
  }
  if (hasRunOut(identity.expiresAt, settings.clock.now() / 1000)) {
    return no('expired', 'invalid_token', 'The access token expired while the request arrived')
  }
  const needed = rules.scopes.length > 0 ? rules.scopes : rules.anyScope
  if (!isLoginAsAsked(identity.kind === 'user' ? identity : {}, rules.authentication, settings.clock.now() / 1000)) {
    const description = 'Another or a more recent login of the user is required'
    return no('not logged in as required', 'insufficient_user_authentication', description, {
      ...rules.authentication,
      scopes: needed,
    })
  }
  const lacking = rules.scopes.filter((scope) => !scopes.includes(scope))
  const hasOne = rules.anyScope.length === 0 || rules.anyScope.some((scope) => scopes.includes(scope))
  if (lacking.length === 0 && hasOne) return undefined
  const held = rules.keepScopes.filter((scope) => scopes.includes(scope))
  const what = lacking.length > 0 ? lacking.join(', ') : `one of ${rules.anyScope.join(', ')}`
  const description = 'The request needs scopes that the token does not have'
  return no(`the token lacks ${what}`, 'insufficient_scope', description, {
    scopes: lacking.length === 0 ? rules.anyScope : [...new Set([...rules.scopes, ...held])],
  })
}

/** Returns the key that the request proves, or the response that refuses it. */
async function proved(
  request: ProtectedRequest,
  accessToken: string,
  { algorithms, windowSeconds, nonces }: DpopRules,
  { challenge, clock, origins, pathPrefix }: ApiSettings,
): Promise<Proved | Challenged> {
  // A router finds its route in the address as it came. The URL parser would resolve backslashes and dot segments to
  // another path, for which an attacker could have a proof: with NUL in them, they are in no path that a client proves.
  const url = new URL(request.url.replace(/\\|\/(?=(?:\.|%2e){1,2}(?:[/?#]|$))/gi, '$&%00'))
  const verdict = await verifyProof(request.headers.get('dpop'), {
    method: request.method,
    url: (origins.includes(url.origin) ? url.origin : origins[0]) + pathPrefix + url.pathname,
    accessToken,
    algorithms,
    windowSeconds,
    now: clock.now() / 1000,
    ...(nonces !== undefined && { isNonce: nonces.isValid }),
  })
  if (verdict.ok) {
    const { thumbprint, jti, issuedAt, nonce } = verdict
    return { thumbprint, jti, issuedAt, ...(nonce !== undefined && { nonce }) }
  }
  const scheme: Scheme = 'DPoP'
  const nonce = verdict.fault === 'nonce' ? await nonces?.issue() : undefined
  if (nonce !== undefined) {
    const complaint = {
      error: 'use_dpop_nonce',
      errorDescription: 'Use the nonce of this answer in the proof',
    } as const
    return refuse(challenge, 'no nonce of ours', { scheme, complaint, headers: { 'dpop-nonce': nonce } })
  }
  const errorDescription = `The DPoP proof is not acceptable: ${verdict.fault}`
  const complaint = { error: 'invalid_dpop_proof', errorDescription } as const
  return refuse(challenge, `proof: ${verdict.fault}`, { scheme, complaint })
}

/** Returns the next nonce before the client's nonce expires (RFC 9449 §8.2). */
async function nextNonce({ nonces }: DpopRules, { nonce }: Proved): Promise<Readonly<Record<string, string>>> {
  if (nonces === undefined || nonce === undefined || !nonces.isAging(nonce)) return {}
  return { 'dpop-nonce': await nonces.issue() }
}

function unavailable(error: TransportError | StoreError): Challenged {
  const retryAfter = error instanceof TransportError ? error.retryAfter : undefined
  const headers = { 'retry-after': String(retryAfter ?? DEFAULT_RETRY_SECONDS), 'cache-control': 'no-store' }
  return { ok: false, response: new Response(null, { status: 503, headers }), reason: error.message }
}
