import type { AccessRule, DenyCode, Identity } from '../../base/contract/index.ts'
import { type SubjectToken, subjectTokenOf } from '../../identity/subject-token.ts'
import { boundScopes, type MissingScope, type ScopeBounds } from '../../permissions/roles/bound-scopes.ts'
import type { RoleMap } from '../../permissions/roles/role-map.ts'
import type { PolicyDefinition } from '../tools/policy-definition.ts'
import { delegatedScopes } from './delegation-refusal.ts'

/**
 * Approval case of a call. `always`: the policy has no approval; `approved`: a person is asked; `exempt`:
 * `approval.when` exempts it.
 */
export type ApprovalCase = 'always' | 'approved' | 'exempt'

declare const grantable: unique symbol

/**
 * Proof that one call may hold every scope that its policy requests in this approval case (I5). Only
 * {@link grantableScopes} makes it.
 */
export interface GrantableScopes {
  readonly [grantable]: true
  readonly approvalCase: ApprovalCase
}

/** Reason why a call may not hold the scopes that its policy requests. */
export interface ScopeRefusal {
  readonly code: DenyCode
  /** Explanation for the operator. */
  readonly detail: string
}

/** Sources that limit the scopes of one identity. An absent source sets no limit. */
export interface ScopeSources {
  readonly roles: RoleMap | undefined
  readonly ceiling: ReadonlySet<string> | undefined
  readonly delegation: ReadonlySet<string> | undefined
  readonly subjectToken: Pick<SubjectToken, 'audience' | 'scopes'> | undefined
}

const granted = {
  always: { approvalCase: 'always' },
  approved: { approvalCase: 'approved' },
  exempt: { approvalCase: 'exempt' },
} as unknown as Readonly<Record<ApprovalCase, GrantableScopes>>

const noScopes: readonly string[] = Object.freeze([])

/** Returns the sources that limit the scopes of an identity: this guard's role map and this agent's ceiling. */
export function scopeSources(
  identity: Identity,
  { roles, ceiling }: Pick<ScopeSources, 'roles' | 'ceiling'>,
): ScopeSources {
  return { roles, ceiling, delegation: delegatedScopes(identity), subjectToken: subjectTokenOf(identity) }
}

/** Returns the approval cases that calls of a policy can have. The input decides which one a call has. */
export function approvalCases({ rules: { approval } }: Pick<PolicyDefinition, 'rules'>): readonly ApprovalCase[] {
  if (approval === undefined) return ['always']
  return approval.when === undefined ? ['approved'] : ['approved', 'exempt']
}

/** Returns the scopes that a call needs of one credential: fewer if the approval rule exempts the call (I5). */
function scopesOf(rule: AccessRule, approvalCase: ApprovalCase): readonly string[] {
  return approvalCase === 'exempt' ? (rule.withoutApproval ?? noScopes) : rule.scopes
}

/** Returns the scopes that a call may hold for one credential of its policy. */
export const scopesFor = ({ approvalCase }: GrantableScopes, rule: AccessRule): readonly string[] =>
  scopesOf(rule, approvalCase)

/**
 * Decides whether a call may hold the scopes that its policy requests: policy ∩ roles ∩ ceiling ∩ delegation ∩ subject
 * token.
 *
 * The role step of the guard, `guard.visible` and `explainAccess` all use this decision. Does no I/O.
 */
export function grantableScopes(
  { access, rules }: Pick<PolicyDefinition, 'access' | 'rules'>,
  identity: Identity,
  approvalCase: ApprovalCase,
  sources: ScopeSources,
): GrantableScopes | ScopeRefusal {
  if (rules.roles === undefined && access.length === 0) return granted[approvalCase]
  const { roles: map } = sources
  const held = map?.rolesOf(identity)
  const { roles: needed } = rules
  if (needed !== undefined) {
    if (held === undefined) {
      return { code: 'misconfigured', detail: 'needs a role: give createGuard `roles`' }
    }
    if (!needed.some((role) => held.includes(role))) {
      const problem = map?.problemOf?.(identity)
      const why = problem === undefined ? '' : ` (${problem})`
      const detail = `needs one of ${needed.join(', ')}; has ${held.join(', ') || 'none'}${why}`
      return { code: 'role_missing', detail }
    }
  }
  const roleScopes = held && map?.scopesOf(held)
  for (const entry of access) {
    const { missing } = boundScopes(scopeBounds(entry[1], approvalCase, roleScopes, sources))
    if (missing.length > 0) return refusal(entry[0], missing, map?.problemOf?.(identity))
  }
  return granted[approvalCase]
}

/** Returns the limits of one credential of a call. */
export function scopeBounds(
  rule: AccessRule,
  approvalCase: ApprovalCase,
  roleScopes: ReadonlySet<string> | undefined,
  { ceiling, delegation, subjectToken }: ScopeSources,
): ScopeBounds {
  return {
    asked: scopesOf(rule, approvalCase),
    ceiling,
    delegation,
    // I5: the scopes of an upstream are not in the vocabulary of our own roles.
    roles: rule.kind === 'resource' ? roleScopes : undefined,
    subjectToken: tokenScopes(rule, approvalCase, subjectToken),
  }
}

/**
 * Returns the scopes of the token. I5: an exchange for the same API adds no scopes. The token of an approval is not
 * from an exchange.
 */
function tokenScopes(
  rule: AccessRule,
  approvalCase: ApprovalCase,
  { audience, scopes }: Pick<SubjectToken, 'audience' | 'scopes'> = {},
): ReadonlySet<string> | undefined {
  if (approvalCase === 'approved' || rule.kind !== 'resource') return undefined
  if (scopes === undefined || audience?.includes(rule.resource) !== true) return undefined
  return new Set(scopes)
}

function refusal(name: string, missing: readonly MissingScope[], problem: string | undefined): ScopeRefusal {
  const why = missing.map(({ scope, source }) => `${name}: ${scope} is not within ${sourceNames[source]}`)
  const byRole = missing.some(({ source }) => source === 'roles')
  const detail = [...why, ...(byRole && problem !== undefined ? [problem] : [])].join('; ')
  return { code: scopeDenial(missing), detail }
}

const sourceNames = {
  roles: 'the roles',
  ceiling: 'the ceiling',
  delegation: 'the delegation',
  subject_token: "the user's own token, which is for the same API",
} as const

/** Returns the code of a refusal with several sources. The user's own right has priority. */
export function scopeDenial(missing: readonly MissingScope[]): DenyCode {
  const has = (source: MissingScope['source']) => missing.some((one) => one.source === source)
  if (has('roles')) return 'role_missing'
  if (has('subject_token')) return 'not_permitted'
  return has('delegation') ? 'delegation_exceeded' : 'misconfigured'
}
