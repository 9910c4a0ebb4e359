import type { ScopeReport } from './explain-scopes.ts'

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
