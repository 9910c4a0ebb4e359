import type { AccessRule, Identity, Policy } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { defined, namesOf, refuseUnknownKeys } from '../../base/values/index.ts'
import { type ScopeReport, scopeReport, scopeReportText } from '../../permissions/roles/explain-scopes.ts'
import type { RoleMap } from '../../permissions/roles/role-map.ts'
import type { AgentOptions } from '../guard-options.ts'
import { lackingCallerScopes } from '../steps/caller-scopes.ts'
import { delegationRefusal } from '../steps/delegation-refusal.ts'
import {
  type ApprovalCase,
  approvalCases,
  grantableScopes,
  type ScopeSources,
  scopeBounds,
  scopeSources,
} from '../steps/grantable-scopes.ts'
import { definitionOf } from '../tools/policy-definition.ts'

/** Options of {@link explainAccess}, as `createGuard` gets them. */
export interface ExplainAccessOptions {
  /** Identity whose agent is asked about. Any identity is accepted: it opens nothing, and it is not trusted. */
  readonly identity: Identity
  /** Agent, as `createGuard` takes it. */
  readonly agent: AgentOptions
  /** Scopes that each role allows. Absent: roles set no bound. */
  readonly roles?: RoleMap | undefined
  /** Scopes that a delegation covers. @default those of the identity's own delegation, and no limit without one */
  readonly delegation?: readonly string[] | undefined
  /**
   * Audience and scopes of the user's own token. It limits an exchange for the same API.
   * @default the token behind the identity
   */
  readonly subjectToken?: { readonly audience: readonly string[]; readonly scopes: readonly string[] } | undefined
}

/** Reasons why the agent may or may not hold what one credential of one tool needs. */
export interface AccessReport {
  /** Name of the tool that needs the credential. */
  readonly tool: string
  /** Name of the credential in the policy. */
  readonly credential: string
  /** The resource or the connection. */
  readonly target: string
  /** Approval case. `'exempt'`: a call that `approval.when` exempts from the question. */
  readonly when: ApprovalCase
  /** Whether the user holds one of the policy's own `roles`, if it has any. */
  readonly roleHeld?: boolean
  /** Explanation for each scope of the credential. */
  readonly report: ScopeReport
  /** Whether the guard lets a call through with this credential, as far as delegation, roles and scopes decide. */
  readonly allowed: boolean
  /** Reason for a refusal, as the guard's trace gives it. For the operator. */
  readonly refusal?: string
}

const optionKeys = namesOf<ExplainAccessOptions>('identity', 'agent', 'roles', 'delegation', 'subjectToken')

/**
 * Tests policies: for each credential of each tool, explains why this user's agent may or may not hold its scopes.
 *
 * Decides by the same function as step 3 of the guard, makes no request, and does not cover permissions and approvals.
 * Omits public tools, and tools without credentials: they have no scopes.
 *
 * @throws ConfigurationError A policy was not made by `policy()` or `publicTool()`, or an option is unknown.
 */
export function explainAccess(
  policies: Readonly<Record<string, Policy>>,
  options: ExplainAccessOptions,
): { readonly reports: readonly AccessReport[]; readonly text: string } {
  refuseUnknownKeys('explainAccess', options, optionKeys)
  const { identity, agent, roles, delegation } = options
  const sources = sourcesOf(options)
  const held = roles?.rolesOf(identity) ?? []
  const reports = Object.entries(policies).flatMap(([tool, policy]) => {
    const definition = definitionOf(policy)
    if (definition === undefined) throw new ConfigurationError(`policies.${tool}`, 'was not made by policy()')
    const { access, rules } = definition
    const roleHeld = rules.roles?.some((role) => held.includes(role))
    const undelegated = delegation === undefined ? delegationRefusal(identity, tool, agent.name)?.detail : undefined
    const before = undelegated ?? lackingCallerScopes(definition, sources.subjectToken)
    return access.flatMap(([credential, rule]) =>
      approvalCases(definition).map((when): AccessReport => {
        const found = grantableScopes({ access: [[credential, rule]], rules }, identity, when, sources)
        const refusal = before ?? ('code' in found ? found.detail : undefined)
        return {
          target: rule.kind === 'resource' ? rule.resource : rule.connection,
          report: reportOf(rule, when, identity, sources),
          allowed: refusal === undefined,
          ...defined({ tool, credential, when, roleHeld, refusal }),
        }
      }),
    )
  })
  return { reports, text: reports.map(textOf).join('\n\n') }
}

function sourcesOf({ identity, agent, roles, delegation, subjectToken }: ExplainAccessOptions): ScopeSources {
  const known = scopeSources(identity, { roles, ceiling: agent.ceiling && new Set(agent.ceiling) })
  return { ...known, ...defined({ delegation: delegation && new Set(delegation), subjectToken }) }
}

function reportOf(rule: AccessRule, when: ApprovalCase, identity: Identity, sources: ScopeSources): ScopeReport {
  const map = rule.kind === 'resource' ? sources.roles : undefined
  return scopeReport(identity, map, scopeBounds(rule, when, map?.scopesOf(map.rolesOf(identity)), sources))
}

function textOf({ tool, credential, target, when, roleHeld, report, allowed, refusal }: AccessReport): string {
  const head = `${tool}.${credential} (${target}, ${when}): ${allowed ? 'yes' : 'no'}`
  const role = roleHeld === undefined ? [] : [`the policy's own roles: ${roleHeld ? 'held' : 'not held'}`]
  const other = refusal !== undefined && report.allowed && roleHeld !== false ? [refusal] : []
  return [head, ...role, ...other, ...scopeReportText(report).split('\n')].join('\n  ')
}
