import type { Identity } from '../../base/contract/index.ts'
import { namesOf, refuseUnknownKeys, scopeList } from '../../base/values/index.ts'
import { boundScopes, type ScopeBounds, type ScopeSource } from './bound-scopes.ts'
import type { RoleMap } from './role-map.ts'

/** Options of {@link explainScopes}. An absent source sets no limit. */
export interface ExplainScopesOptions {
  /** Identity whose scopes are explained. */
  readonly identity: Identity
  /** Scopes to explain. At least one. */
  readonly scopes: readonly string[]
  /** Scopes that each role allows. Absent: roles set no bound. */
  readonly roles?: RoleMap | undefined
  /** Scopes that the agent may ever hold. */
  readonly ceiling?: readonly string[] | undefined
  /** Scopes that the delegation covers. */
  readonly delegation?: readonly string[] | undefined
  /** Scopes of the user's own token, if it is for the same API. */
  readonly subjectToken?: readonly string[] | undefined
}

/** Decision of one source about one scope. */
export interface ScopeReason {
  /** Source that allows or lacks the scope. */
  readonly source: ScopeSource
  /** `absent`: this source sets no bound here. */
  readonly verdict: 'allows' | 'lacks' | 'absent'
  /** Explanation for the operator. */
  readonly detail: string
}

/** Reasons why one scope is allowed or refused. */
export interface ScopeExplanation {
  /** Scope that is explained. */
  readonly scope: string
  /** Whether every source of scopes allows it. */
  readonly allowed: boolean
  /** Verdict of each source of scopes. */
  readonly reasons: readonly ScopeReason[]
}

/** Reasons why a user's agent may or may not hold scopes. */
export interface ScopeReport {
  /** Roles that the identity holds. */
  readonly roles: readonly string[]
  /** Reason why the roles could not be read. */
  readonly problem?: string
  /** Every scope is allowed: a call gets all that its policy asks for, or nothing. */
  readonly allowed: boolean
  /** One explanation for each scope. */
  readonly scopes: readonly ScopeExplanation[]
}

const optionKeys = namesOf<ExplainScopesOptions>('identity', 'scopes', 'roles', 'ceiling', 'delegation', 'subjectToken')

/**
 * Explains why a user's agent has or lacks scopes, source by source. For tests of a role map, and to answer "why can
 * it not trade?".
 *
 * Decides by the same function as the guard, and opens no credential. Does not ask approvals or permissions.
 *
 * @throws ConfigurationError An option is unknown, or a scope is invalid.
 */
export function explainScopes(options: ExplainScopesOptions): ScopeReport {
  refuseUnknownKeys('explainScopes', options, optionKeys)
  const { identity, roles: map } = options
  return scopeReport(identity, map, {
    asked: scopeList('explainScopes.scopes', options.scopes),
    roles: map?.scopesOf(map.rolesOf(identity)),
    ceiling: setOf(options.ceiling),
    delegation: setOf(options.delegation),
    subjectToken: setOf(options.subjectToken),
  })
}

/** Returns the decision of each source about each scope. */
export function scopeReport(identity: Identity, map: RoleMap | undefined, bounds: ScopeBounds): ScopeReport {
  const roles = map?.rolesOf(identity) ?? []
  const problem = map?.problemOf?.(identity)
  const scopes = bounds.asked.map((scope): ScopeExplanation => {
    const { missing } = boundScopes({ ...bounds, asked: [scope] })
    const verdictOf = (source: ScopeSource, isThere: boolean) => {
      if (!isThere) return 'absent'
      return missing.some((one) => one.source === source) ? 'lacks' : 'allows'
    }
    const reasons = sources.map(({ source, key, words }): ScopeReason => {
      const verdict = verdictOf(source, bounds[key] !== undefined)
      const detail = key === 'roles' && verdict !== 'absent' ? roleDetail(scope, roles, problem, map) : words[verdict]
      return { source, verdict, detail }
    })
    return { scope, allowed: missing.length === 0, reasons }
  })
  const allowed = scopes.every((one) => one.allowed)
  return { roles, ...(problem !== undefined && { problem }), allowed, scopes }
}

const sources = [
  { source: 'roles', key: 'roles', words: { allows: '', lacks: '', absent: 'there is no role map' } },
  {
    source: 'ceiling',
    key: 'ceiling',
    words: { allows: 'within it', lacks: 'the agent may never hold it', absent: 'the agent has no ceiling' },
  },
  {
    source: 'delegation',
    key: 'delegation',
    words: { allows: 'within it', lacks: 'it was not delegated', absent: 'the user is present' },
  },
  {
    source: 'subject_token',
    key: 'subjectToken',
    words: { allows: 'holds it', lacks: "the user's own token lacks it", absent: 'it does not limit this call' },
  },
] as const

const setOf = (list: readonly string[] | undefined): ReadonlySet<string> | undefined => list && new Set(list)

function roleDetail(scope: string, roles: readonly string[], problem: string | undefined, map?: RoleMap): string {
  const giving = map?.givenBy?.(scope)
  const by = giving?.filter((role) => roles.includes(role)) ?? []
  if (by.length > 0) return `given by ${by.join(', ')}`
  const has = problem ?? `has ${roles.join(', ') || 'no role'}`
  if (giving === undefined) return has
  return giving.length === 0 ? `${has}; no role gives it` : `${has}; it needs ${giving.join(' or ')}`
}

const marks = { allows: '+', lacks: '-', absent: ' ' } as const

/**
 * A {@link ScopeReport} as text, for a terminal or a test's snapshot. Not for a model: it names roles.
 */
export function scopeReportText({ roles, problem, scopes }: ScopeReport): string {
  const lines = [`roles: ${roles.join(', ') || 'none'}${problem === undefined ? '' : ` (${problem})`}`]
  for (const { scope, allowed, reasons } of scopes) {
    lines.push(`${scope}: ${allowed ? 'yes' : 'no'}`)
    for (const { source, verdict, detail } of reasons) lines.push(`  ${marks[verdict]} ${source}: ${detail}`)
  }
  return lines.join('\n')
}
