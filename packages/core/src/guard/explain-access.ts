import type { AccessRule, Identity, Policy } from '../contract/index.ts'
import { ConfigurationError } from '../errors/index.ts'
import { refuseUnknownKeys } from '../lib/index.ts'
import { explainScopes, type RoleMap, type ScopeReport, scopeReportText } from '../roles/index.ts'
import type { AgentOptions } from './guard-options.ts'
import { definitionOf } from './policy-definition.ts'

/** What {@link explainAccess} looks at, as `createGuard` gets it. */
export interface ExplainAccessOptions {
  /** Whose agent is asked about. Any identity: nothing is opened, and nothing is believed. */
  readonly identity: Identity
  readonly agent: AgentOptions
  readonly roles?: RoleMap | undefined
  /** What a delegation covers. @default the user is here */
  readonly delegation?: readonly string[] | undefined
}

/** Why the agent may hold what one credential of one tool needs, or may not. */
export interface AccessReport {
  readonly tool: string
  /** As the policy names it. */
  readonly credential: string
  /** The resource or the connection. */
  readonly target: string
  /** `'exempt'`: what a call gets that `approval.when` lets pass without a question. */
  readonly when: 'always' | 'approved' | 'exempt'
  /** The policy's own `roles`, where it has some: the user holds one of them. */
  readonly roleHeld?: boolean
  readonly report: ScopeReport
  /** Both: what a call would be let through with, as far as roles and scopes say. */
  readonly allowed: boolean
}

const optionKeys = [
  'identity',
  'agent',
  'roles',
  'delegation',
] as const satisfies readonly (keyof ExplainAccessOptions)[]

/**
 * A policy tester: for each credential of each tool, why this user's agent may hold its scopes or may not.
 *
 * Decides by the same functions as step 3 of the guard, makes no request, and says nothing about permissions and
 * approvals. Public tools, and tools without credentials, have no scopes and are left out.
 *
 * @throws ConfigurationError A policy was not made by `policy()` or `publicTool()`, or an option is unknown.
 */
export function explainAccess(
  policies: Readonly<Record<string, Policy>>,
  options: ExplainAccessOptions,
): { readonly reports: readonly AccessReport[]; readonly text: string } {
  refuseUnknownKeys('explainAccess', options, optionKeys)
  const reports = Object.entries(policies).flatMap(([tool, policy]) => {
    const definition = definitionOf(policy)
    if (definition === undefined) throw new ConfigurationError(`policies.${tool}`, 'was not made by policy()')
    const { access, rules } = definition
    const held = options.roles?.rolesOf(options.identity) ?? []
    const roleHeld = rules.roles?.some((role) => held.includes(role))
    return access.flatMap(([credential, rule]) =>
      asked(rule, rules.approval !== undefined).map(({ when, scopes }): AccessReport => {
        const report = reportOf(rule, scopes, options)
        return {
          tool,
          credential,
          target: rule.kind === 'resource' ? rule.resource : rule.connection,
          when,
          ...(roleHeld !== undefined && { roleHeld }),
          report,
          allowed: report.allowed && roleHeld !== false,
        }
      }),
    )
  })
  return { reports, text: reports.map(textOf).join('\n\n') }
}

function asked(rule: AccessRule, asksSomebody: boolean): readonly AskedFor[] {
  if (!asksSomebody) return [{ when: 'always', scopes: rule.scopes }]
  const { withoutApproval = [] } = rule
  const approved: AskedFor = { when: 'approved', scopes: rule.scopes }
  return withoutApproval.length === 0 ? [approved] : [approved, { when: 'exempt', scopes: withoutApproval }]
}

interface AskedFor {
  readonly when: AccessReport['when']
  readonly scopes: readonly string[]
}

/** I5: an upstream's scopes are no words of our own roles. */
function reportOf(rule: AccessRule, scopes: readonly string[], options: ExplainAccessOptions): ScopeReport {
  const { identity, agent, roles, delegation } = options
  return explainScopes({
    identity,
    scopes,
    ceiling: agent.ceiling,
    delegation,
    ...(rule.kind === 'resource' && { roles }),
  })
}

function textOf({ tool, credential, target, when, roleHeld, report, allowed }: AccessReport): string {
  const head = `${tool}.${credential} (${target}, ${when}): ${allowed ? 'yes' : 'no'}`
  const role = roleHeld === undefined ? [] : [`the policy's own roles: ${roleHeld ? 'held' : 'not held'}`]
  return [head, ...role, ...scopeReportText(report).split('\n')].join('\n  ')
}
