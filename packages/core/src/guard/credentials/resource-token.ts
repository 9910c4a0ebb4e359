import type { ResourceRule } from '../../base/contract/index.ts'
import { BehalfError } from '../../base/errors/index.ts'
import { defined } from '../../base/values/index.ts'
import { type IssuedToken, Token } from '../../credential/index.ts'
import { type SubjectToken, subjectTokenOf } from '../../identity/subject-token.ts'
import { endsLogin } from '../../oauth/requests/request-fault.ts'
import type { Entry, RunRecord } from '../../runs/record.ts'
import { approvalOf } from '../../runs/run-state.ts'
import { exchangeToken } from '../../token-exchange/exchange-token.ts'
import type { PermittedCall } from '../call/call.ts'
import type { FoundToken } from '../call/call-credentials.ts'
import { deny, loginRequired, type Refusal } from '../call/refusal.ts'
import type { TokenSources } from '../guard-parts.ts'
import { scopesFor } from '../steps/grantable-scopes.ts'
import { actorToken, dropActorToken } from './actor-token.ts'
import { routeOf } from './resource-route.ts'
import { keptToken, tokenKey } from './token-key.ts'

/** Returns the token for an API of the app's own: the approval's token, or an exchanged one (A9). */
export async function resourceToken(
  call: PermittedCall,
  rule: ResourceRule,
  answered: Entry | undefined,
  sources: TokenSources,
): Promise<FoundToken | Refusal> {
  const approved = answered?.record
  if (approved?.question?.credential?.resource === rule.resource) {
    // A9 (a): the approval's own token is the credential. No other token replaces it (I6).
    return approvalToken(call, rule, approved, sources)
  }
  const { identity } = call
  if (rule.through !== undefined) return routeOf(rule.through).token(call, rule, sources)
  const subjectToken = subjectTokenOf(identity)
  if (subjectToken === undefined) return loginRequired('the identity came without a token to exchange')
  const { profile } = sources.servers.of(identity.issuer)
  try {
    const load = (signal: AbortSignal) => exchange(call, { subjectToken, rule, answered }, sources, signal)
    return await keptToken(call, rule, { profile, load }, sources)
  } catch (error) {
    // RFC 8693 §2.2.2: a subject token that is expired or revoked is an `invalid_request`; some providers differ.
    if (!endsLogin(error, profile)) throw error
    return loginRequired(`the exchange was refused as for an ended session: ${error.error}`)
  }
}

/** Token to exchange, and its purpose. */
interface Exchange {
  readonly subjectToken: SubjectToken
  readonly rule: ResourceRule
  /** The run that a person approved. */
  readonly answered: Entry | undefined
}

function approvalToken(
  { identity, grantable, report }: PermittedCall,
  rule: ResourceRule,
  record: RunRecord,
  { servers }: TokenSources,
): FoundToken | Refusal {
  const { question } = record
  const token = approvalOf(record)?.token
  // Stryker disable next-line ConditionalExpression: An approving answer always has its token, and a step that removes the token ends the record. Without the clause, such a call would fail with another message.
  if (token === undefined) return deny('approval_failed', 'the approval has lost its token')
  const { value, scopes, expiresAt, actor, keyThumbprint } = token
  // The policy, the ceiling or the roles may allow less now than when the person approved (I5).
  const allowed = scopesFor(grantable, rule)
  const surplus = scopes.find((scope) => !allowed.includes(scope))
  if (surplus !== undefined) {
    return deny('approval_failed', `the approval’s token holds ${surplus}, which is not within ${allowed.join(' ')}`)
  }
  const dpop = servers.of(question?.approver.issuer ?? '').profile.dpop
  // I8: perhaps another process asked, with another key.
  if (keyThumbprint !== undefined && dpop?.thumbprint !== keyThumbprint) {
    return deny('misconfigured', 'the approval’s token is bound to another key')
  }
  const issued = {
    token: new Token(value),
    scopes,
    // Stryker disable next-line ConditionalExpression: The credential was found in the question, and a bound token without a key here was refused some lines above.
    ...(keyThumbprint !== undefined && dpop !== undefined && { dpop }),
    ...defined({ expiresAt, actor }),
  }
  report.recordToken(identity, { source: 'approval', audience: rule.resource, issued })
  return { issued, cached: false }
}

async function exchange(
  call: PermittedCall,
  { subjectToken, rule, answered }: Exchange,
  sources: TokenSources,
  signal: AbortSignal,
): Promise<IssuedToken> {
  const { identity, grantable, report } = call
  const { clock, servers } = sources
  const authorizationServer = servers.of(identity.issuer)
  const startedAt = clock.now()
  // Only a run that a person approved has details, and the token of such a call is not cached.
  const details = answered?.record.question?.details ?? []
  const carries = details.length > 0 && authorizationServer.profile.exchange?.carriesAuthorizationDetails === true
  const actor = await actorToken(identity.issuer, sources, signal)
  const issued = await exchangeToken({
    authorizationServer,
    identity,
    subjectToken,
    ...(actor !== undefined && { actorToken: { token: actor.token, type: 'access_token' } }),
    resource: rule.resource,
    scopes: scopesFor(grantable, rule),
    ...(carries && { authorizationDetails: details }),
    clock,
    signal,
  }).catch((error: unknown) => {
    if (BehalfError.isInstance(error) && error.code === 'ERR_OAUTH_RESPONSE') dropActorToken(identity.issuer, sources)
    throw error
  })
  report.recordToken(identity, { source: 'exchange', audience: rule.resource, issued, startedAt })
  return issued
}

/** Returns another token for the same need, after an API rejected a cached one. */
export async function renewedToken(
  call: PermittedCall,
  rule: ResourceRule,
  rejected: IssuedToken,
  sources: TokenSources,
): Promise<IssuedToken | undefined> {
  const { identity, grantable } = call
  sources.tokens.delete(tokenKey(identity, rule, scopesFor(grantable, rule), sources.servers), rejected)
  const found = await resourceToken(call, rule, undefined, sources)
  return 'issued' in found ? found.issued : undefined
}
