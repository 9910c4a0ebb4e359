import type { Profile } from '../../oauth/profiles/profile.ts'
import { idJagToken, type RouteAnswer } from '../../token-exchange/id-jag-token.ts'
import { deny, interrupted, loginRequired, type Refusal } from '../call/refusal.ts'
import { scopesFor } from '../steps/grantable-scopes.ts'
import type { RouteBehaviour } from './resource-route.ts'
import { keptToken } from './token-key.ts'

/** Carries a refusal out of the cache's load. */
class BridgeRefused extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.detail)
    this.refusal = refusal
  }
}

/** Returns the code that gets tokens from the server of an API of another domain. */
export const bridgedToken =
  (profile: Profile): RouteBehaviour['token'] =>
  async (call, rule, sources) => {
    const { identity, grantable, report } = call
    const { servers, fetch, clock, timeoutMs } = sources
    if (identity.kind !== 'user') return deny('misconfigured', 'an employer asserts a user, and this call has no user')
    const scopes = scopesFor(grantable, rule)
    const { resource } = rule
    const load = async (signal: AbortSignal) => {
      const startedAt = clock.now()
      const identityProvider = servers.of(identity.issuer)
      const target = { identity, identityProvider, resource, scopes }
      const answer = await idJagToken({ ...target, fetch, clock, timeoutMs, signal }, profile)
      if ('refused' in answer) throw new BridgeRefused(refusalOf(answer))
      report.recordToken(identity, { source: 'exchange', audience: resource, issued: answer.issued, startedAt })
      return answer.issued
    }
    try {
      return await keptToken(call, rule, { profile, load }, sources)
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
