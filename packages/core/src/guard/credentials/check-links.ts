import { needsApproval, type PermittedCall } from '../call/call.ts'
import type { CachedTokens } from '../call/call-credentials.ts'
import type { Finding } from '../call/call-report.ts'
import type { Refusal } from '../call/refusal.ts'
import type { TokenSources } from '../guard-parts.ts'
import { scopesFor } from '../steps/grantable-scopes.ts'
import { connectionAccessOf } from './connection-access.ts'
import { tokenKey } from './token-key.ts'

/** Looks up the token of each credential of the policy in the cache. `now`: epoch milliseconds. */
export function cachedTokens(call: PermittedCall, { tokens, servers }: TokenSources, now: number): CachedTokens {
  const { policy, identity, grantable, report } = call
  report.cached = policy.access.map(([, rule]) => {
    const issued = tokens.peek(tokenKey(identity, rule, scopesFor(grantable, rule), servers), now)
    if (issued === undefined || rule.kind === 'resource') return issued
    return connectionAccessOf(rule).surplusOf(call, rule, issued) === undefined ? issued : undefined
  })
  return report.cached
}

type Connected = Finding<Pick<PermittedCall, 'cached'>>

/**
 * Checks that every account that the policy names is linked with its scopes, before a person is asked.
 *
 * A token in the cache proves the link. A fetched token stays in the cache for the step that opens credentials.
 */
export function checkLinks(
  call: PermittedCall,
  sources: TokenSources,
  now: number,
): Connected | Refusal | Promise<Connected | Refusal> {
  const { access, hasConnections } = call.policy
  if (!hasConnections) return { facts: {} }
  const cached = cachedTokens(call, sources, now)
  const isAtHand = access.every(([, { kind }], index) => kind !== 'connection' || cached[index] !== undefined)
  return isAtHand && !needsApproval(call) ? { facts: { cached }, detail: 'linked' } : connectFetched(call, sources)
}

async function connectFetched(call: PermittedCall, sources: TokenSources): Promise<Connected | Refusal> {
  const ask = ([, rule]: (typeof call.policy.access)[number]) =>
    rule.kind === 'connection' ? connectionAccessOf(rule).token(call, rule, sources) : undefined
  // Runs in parallel. The first refusal in the order of the policy decides, so that the answer is the same each time.
  const found = await Promise.all(call.policy.access.map(ask))
  const refusal = found.find((token) => token !== undefined && 'status' in token)
  return (refusal as Refusal | undefined) ?? { facts: { cached: found as CachedTokens }, detail: 'linked' }
}
