import type { Identity, Policy } from '@behalf/core'
import type { GuardRules } from './mcp-tool.ts'

/** Returns the tools that this caller could not call. */
export async function hiddenFrom(
  guard: GuardRules['guard'],
  policies: Readonly<Record<string, Policy>>,
  identity: Identity | undefined,
): Promise<ReadonlySet<string>> {
  return new Set((await guard.visible(policies, identity)).hidden.map(({ tool }) => tool))
}
