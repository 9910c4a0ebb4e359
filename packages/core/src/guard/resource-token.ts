import type { Entry, RunRecord } from '../approvals/index.ts'
import type { Identity, ResourceRule } from '../contract/index.ts'
import { type IssuedToken, Token } from '../credential/index.ts'
import { BehalfError } from '../errors/index.ts'
import { type SubjectToken, subjectTokenOf } from '../identity/index.ts'
import { exchangeToken } from '../token-exchange/index.ts'
import { actorToken, dropActorToken } from './actor-token.ts'
import { bridgedToken, isBridged } from './bridged-token.ts'
import { scopesFor } from './check-roles.ts'
import type { Credentialed } from './credentialed.ts'
import type { Environment } from './environment.ts'
import { noteToken } from './note-token.ts'
import type { Progress } from './progress.ts'
import { deny, loginRequired } from './stop.ts'
import { tokenKey } from './token-key.ts'

/** The token for one of our own APIs: the approval's own, or one exchanged for it (A9). */
export async function resourceToken(
  progress: Progress,
  rule: ResourceRule,
  entry: Entry | undefined,
  environment: Environment,
): Promise<Credentialed> {
  const approved = entry?.record
  if (approved?.question?.credential?.resource === rule.resource) {
    // A9 (a): the approval's own token is the credential, and no other takes its place (I6).
    return approvalToken(progress, rule, approved, environment)
  }
  const { identity } = progress
  if (isBridged(rule)) return bridgedToken(progress, rule, environment)
  // Stryker disable next-line ConditionalExpression: Step 2 lets no call with credentials and without an identity come here; for the type.
  if (identity === undefined) return deny('misconfigured', 'a resource needs an identity')
  const subjectToken = subjectTokenOf(identity)
  if (subjectToken === undefined) return loginRequired('the identity came without a token to exchange')
  try {
    return await exchanged(progress, { identity, subjectToken, rule }, entry, environment)
  } catch (error) {
    // RFC 8693 §2.2.2: a subject token that is expired or revoked is an `invalid_request`; some providers differ.
    const { loginRequiredErrors = [] } = environment.servers.of(identity.issuer).profile.exchange ?? {}
    const code: unknown = BehalfError.isInstance(error) && 'error' in error ? error.error : undefined
    // Stryker disable next-line ConditionalExpression: An error of ours without that field has `undefined` there, which no list of error codes holds.
    if (typeof code !== 'string' || !loginRequiredErrors.includes(code)) throw error
    return loginRequired(`the exchange was refused, as it is for an ended session: ${code}`)
  }
}

/** Whose token is exchanged, and for what. */
interface Need {
  readonly identity: Identity
  readonly subjectToken: SubjectToken
  readonly rule: ResourceRule
}

function approvalToken(
  progress: Progress,
  rule: ResourceRule,
  { token, question }: RunRecord,
  environment: Environment,
): Credentialed {
  // Stryker disable next-line ConditionalExpression: No answer approves without the token that was to carry it, and whatever takes the token out of a record ends the record; without the clause such a call would fail as well, in other words.
  if (token === undefined) return deny('approval_failed', 'the approval has lost the token that was to carry it')
  const { value, scopes, expiresAt, actor, keyThumbprint } = token
  // The policy, the ceiling or the roles may allow less now than when the person said yes (I5).
  const allowed = scopesFor(progress, rule)
  const surplus = scopes.find((scope) => !allowed.includes(scope))
  if (surplus !== undefined) {
    return deny('approval_failed', `the approval’s token holds ${surplus}, which is not within ${allowed.join(' ')}`)
  }
  const dpop = environment.servers.of(question?.approver.issuer ?? '').profile.dpop
  // I8: perhaps another process asked, with another key.
  if (keyThumbprint !== undefined && dpop?.thumbprint !== keyThumbprint) {
    return deny('misconfigured', 'the approval’s token is bound to another key than the profile has here')
  }
  const issued = {
    token: new Token(value),
    scopes,
    ...(expiresAt !== undefined && { expiresAt }),
    // Stryker disable next-line ConditionalExpression: The credential was found in the question, and a bound token without a key here was refused some lines above; for the type.
    ...(keyThumbprint !== undefined && dpop !== undefined && { dpop }),
    ...(actor !== undefined && { actor }),
  }
  noteToken(progress, environment, { source: 'approval', audience: rule.resource, issued })
  return { issued, cached: false }
}

async function exchanged(
  progress: Progress,
  need: Need,
  entry: Entry | undefined,
  environment: Environment,
): Promise<Credentialed> {
  // I2: what was had for an approved call is not kept for another.
  if (progress.needsApproval) {
    return { issued: await exchange(progress, need, entry, environment, progress.signal), cached: false }
  }
  const { identity, rule } = need
  const { clientId: client, dpop } = environment.servers.of(identity.issuer).profile
  const issued = await environment.tokens.get(
    tokenKey(identity, rule, scopesFor(progress, rule), environment.servers),
    (signal) => exchange(progress, need, undefined, environment, signal),
    progress.signal,
    { client, agent: environment.agent.name, dpop },
  )
  return { issued, cached: true }
}

async function exchange(
  progress: Progress,
  { identity, subjectToken, rule }: Need,
  entry: Entry | undefined,
  environment: Environment,
  signal: AbortSignal,
): Promise<IssuedToken> {
  const authorizationServer = environment.servers.of(identity.issuer)
  const startedAt = environment.clock.now()
  const details = entry?.record.question?.details ?? []
  const carries = details.length > 0 && authorizationServer.profile.exchange?.carriesAuthorizationDetails === true
  const actor = await actorToken(identity.issuer, environment, signal)
  const issued = await exchangeToken({
    authorizationServer,
    identity,
    subjectToken,
    ...(actor !== undefined && { actorToken: { token: actor.token, type: 'access_token' } }),
    resource: rule.resource,
    scopes: scopesFor(progress, rule),
    ...(carries && { authorizationDetails: details }),
    clock: environment.clock,
    signal,
  }).catch((error: unknown) => {
    if (BehalfError.isInstance(error) && error.code === 'ERR_OAUTH_RESPONSE') {
      dropActorToken(identity.issuer, environment)
    }
    throw error
  })
  noteToken(progress, environment, { source: 'exchange', audience: rule.resource, issued, startedAt })
  return issued
}

/** Another token for the same need, after an API refused a cached one. */
export async function renewedToken(
  progress: Progress,
  rule: ResourceRule,
  refused: IssuedToken,
  environment: Environment,
): Promise<IssuedToken | undefined> {
  // Stryker disable next-line ConditionalExpression: Step 2 lets no call with credentials and without an identity come here; for the type.
  if (progress.identity === undefined) return undefined
  environment.tokens.delete(tokenKey(progress.identity, rule, scopesFor(progress, rule), environment.servers), refused)
  const found = await resourceToken(progress, rule, undefined, environment)
  return 'issued' in found ? found.issued : undefined
}
