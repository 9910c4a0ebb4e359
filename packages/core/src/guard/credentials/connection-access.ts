import type { ConnectionRule } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import type { IssuedToken } from '../../credential/index.ts'
import type { PermittedCall } from '../call/call.ts'
import type { Refusal } from '../call/refusal.ts'
import type { TokenSources } from '../guard-parts.ts'

/** Code that a rule of `connection()` carries, so that a guard without linked accounts does not load it. */
export interface ConnectionAccess {
  /** Returns why this call may not have a token of the account, if it may not (I5). */
  surplusOf(call: Pick<PermittedCall, 'grantable'>, rule: ConnectionRule, issued: IssuedToken): string | undefined
  /** Returns the token from the cache or the vault, or the refusal. `rejected`: the token that the API rejected. */
  token(
    call: PermittedCall,
    rule: ConnectionRule,
    sources: TokenSources,
    rejected?: IssuedToken,
  ): Promise<IssuedToken | Refusal>
  /** Returns a new token to replace one that the API rejected. */
  renewed(
    call: PermittedCall,
    rule: ConnectionRule,
    rejected: IssuedToken,
    sources: TokenSources,
  ): Promise<IssuedToken | undefined>
}

// Registered, so that the guard of one copy of the package recognizes a rule of another copy.
const accountKey: unique symbol = Symbol.for('@behalf/core@1/connection') as never

/** Makes a rule that carries its code. JSON, and so the digest of a policy, leaves it out. */
export const withConnectionAccess = (rule: ConnectionRule, account: ConnectionAccess): ConnectionRule =>
  Object.freeze({ ...rule, [accountKey]: account })

/** Returns whether `connection()` made the rule. */
export const isConnectionRule = (rule: object): boolean => accountKey in rule

/** @throws ConfigurationError The rule is a copy that lost its code. */
export function connectionAccessOf(rule: ConnectionRule): ConnectionAccess {
  const account = (rule as { readonly [accountKey]?: ConnectionAccess })[accountKey]
  if (account !== undefined) return account
  throw new ConfigurationError(`access.${rule.connection}`, 'give the rule that connection() made, and no copy of it')
}
