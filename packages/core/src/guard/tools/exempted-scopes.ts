import { ConfigurationError } from '../../base/errors/index.ts'
import { scopeList } from '../../base/values/index.ts'

/**
 * Returns the field of a rule that names the scopes of an exempted call, if it has one.
 * @throws ConfigurationError A scope needs an approval too.
 */
export function exempted(
  where: string,
  list: readonly string[] | undefined,
  scopes: readonly string[],
): { readonly withoutApproval?: readonly string[] } {
  if (list === undefined) return {}
  const withoutApproval = scopeList(where, list)
  const both = withoutApproval.find((scope) => scopes.includes(scope))
  if (both === undefined) return { withoutApproval }
  throw new ConfigurationError(where, `${both} is in scopes too, and needs an approval: name a smaller scope`)
}
