import type { Identity, Policy } from '@behalf/core'
import { aroundHandler } from './around-handler.ts'
import type { GuardRules } from './mcp-tool.ts'

interface Listed {
  readonly tools: readonly { readonly name: string }[]
}

/**
 * Removes the tools that this caller could not call from the server's list. Tools that are not guarded stay.
 *
 * Call it after the first tool is registered: from then on, the server has a list handler.
 *
 * @param fields - Further fields of the result, such as its cache scope.
 * @throws ConfigurationError
 */
export function showPermitted<Context>(
  { server }: { readonly server: unknown },
  hiddenFrom: (context: Context) => Promise<ReadonlySet<string>>,
  fields: object = {},
): void {
  aroundHandler<unknown, Context, Listed>(server, 'tools/list', async (list, request, context) => {
    const [listed, hidden] = await Promise.all([list(request, context), hiddenFrom(context)])
    return { ...listed, ...fields, tools: listed.tools.filter(({ name }) => !hidden.has(name)) }
  })
}

/** Returns the tools that this caller could not call. */
export async function hiddenFrom(
  guard: GuardRules['guard'],
  policies: Readonly<Record<string, Policy>>,
  identity: Identity | undefined,
): Promise<ReadonlySet<string>> {
  return new Set((await guard.visible(policies, identity)).hidden.map(({ tool }) => tool))
}
