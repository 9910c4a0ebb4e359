import { explainScopes, type ScopeReport } from '@behalf/core/roles'
import type { ExplainRoles } from '../console/index.ts'
import type { OpenTarget } from '../target/index.ts'
import type { SandboxGuardOptions } from './guard-options.ts'

/** Explains scopes of the sandbox's users, with the role map and the ceiling of its guard options. */
export function explainRoles({
  authorizationServer,
  target,
  options,
}: {
  readonly authorizationServer: string
  readonly target: OpenTarget
  readonly options: () => SandboxGuardOptions
}): ExplainRoles {
  return ({ issuer, subject, scopes }): ScopeReport | undefined => {
    const claims = issuer === authorizationServer ? target.roleClaimsOf(subject) : undefined
    if (claims === undefined || scopes.length === 0) return undefined
    const { roles, agent } = options()
    const identity = { kind: 'user', issuer, subject, claims } as const
    return explainScopes({ identity, scopes, roles, ceiling: agent.ceiling })
  }
}
