import type { AuthorizedCall } from './call.ts'
import type { Passed } from './call-report.ts'
import { scopesFor } from './grantable-scopes.ts'
import type { TokenSources } from './guard-parts.ts'
import { linkedAccountOf } from './linked-account.ts'
import type { CachedTokens } from './opened-access.ts'
import type { Refusal } from './refusal.ts'
import { tokenKey } from './token-key.ts'

/** Looks up the token of each credential of the policy in the cache. `now`: epoch milliseconds. */
export function cachedTokens(call: AuthorizedCall, { tokens, servers }: TokenSources, now: number): CachedTokens {
  const { policy, identity, grantable, report } = call
  report.cached = policy.access.map(([, rule]) => {
    const issued = tokens.peek(tokenKey(identity, rule, scopesFor(grantable, rule), servers), now)
    if (issued === undefined || rule.kind === 'resource') return issued
    return linkedAccountOf(rule).surplusOf(call, rule, issued) === undefined ? issued : undefined
  })
  return report.cached
}

/**
 * Step 5: every account that the policy names is linked with its scopes, before a person is asked for anything.
 *
 * A token in the cache proves the link. A fetched token stays in the cache for the step that opens credentials.
 */
export function connect(
  call: AuthorizedCall,
  sources: TokenSources,
  now: number,
): Passed<Pick<AuthorizedCall, 'cached'>> | Refusal | Promise<Passed | Refusal> {
  const { access, hasConnections } = call.policy
  if (!hasConnections) return { facts: {} }
  const cached = cachedTokens(call, sources, now)
  if (access.every(([, { kind }], index) => kind !== 'connection' || cached[index] !== undefined)) {
    return { facts: { cached }, detail: 'linked' }
  }
  return connectFetched(call, sources)
}

async function connectFetched(call: AuthorizedCall, sources: TokenSources): Promise<Passed | Refusal> {
  const rules = call.policy.access.flatMap(([, rule]) => (rule.kind === 'connection' ? [rule] : []))
  // In parallel. The first refusal in the order of the policy decides, so that the answer is the same each time.
  const found = await Promise.all(rules.map((rule) => linkedAccountOf(rule).token(call, rule, sources)))
  return found.find((token) => 'status' in token) ?? { facts: {}, detail: 'linked' }
}
