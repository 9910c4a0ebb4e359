import type { ResourceRoute, ResourceRule } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { behaviourOf, type RouteAnswer } from '../../token-exchange/resource-route.ts'
import type { PermittedCall } from '../call/call.ts'
import type { FoundToken } from '../call/call-credentials.ts'
import { deny, interrupted, loginRequired, type Refusal } from '../call/refusal.ts'
import type { TokenSources } from '../guard-parts.ts'
import { scopesFor } from '../steps/grantable-scopes.ts'
import { keptToken } from './token-key.ts'

/** Carries a refusal out of the cache's load. */
class BridgeRefused extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.detail)
    this.refusal = refusal
  }
}

/** A rule whose token comes from the API's own server. */
type BridgedRule = ResourceRule & { readonly through: ResourceRoute }

export const isBridged = (rule: ResourceRule): rule is BridgedRule => rule.through !== undefined

/** Returns the token for an API of another domain, by the route of its rule. */
export async function bridgedToken(
  call: PermittedCall,
  rule: BridgedRule,
  sources: TokenSources,
): Promise<FoundToken | Refusal> {
  const { identity, grantable, report } = call
  const { servers, fetch, clock, timeoutMs } = sources
  if (identity.kind !== 'user') return deny('misconfigured', 'an employer asserts a user, and this call has no user')
  const route = behaviourOf(rule.through)
  if (route === undefined) throw new ConfigurationError('resource.through', 'give what idJag({ … }) made')
  const scopes = scopesFor(grantable, rule)
  const { resource } = rule
  const load = async (signal: AbortSignal) => {
    const startedAt = clock.now()
    const identityProvider = servers.of(identity.issuer)
    const target = { identity, identityProvider, resource, scopes }
    const answer = await route.token({ ...target, fetch, clock, timeoutMs, signal })
    if ('refused' in answer) throw new BridgeRefused(refusalOf(answer))
    report.recordToken(identity, { source: 'exchange', audience: resource, issued: answer.issued, startedAt })
    return answer.issued
  }
  try {
    return await keptToken(call, rule, { profile: route.profile, load }, sources)
  } catch (error) {
    if (error instanceof BridgeRefused) return error.refusal
    throw error
  }
}

function refusalOf({ refused, detail, acrValues, maxAge }: Extract<RouteAnswer, { refused: string }>): Refusal {
  switch (refused) {
    case 'login_required':
      return loginRequired(detail)
    case 'not_permitted':
      return deny('not_permitted', detail)
    case 'step_up_required':
      return interrupted(detail, { kind: 'step_up_required', message: 'Sign in again to continue.', acrValues, maxAge })
    default:
      return refused satisfies never
  }
}
