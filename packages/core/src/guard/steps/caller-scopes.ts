import type { Policy } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { type SubjectToken, subjectTokenOf } from '../../identity/subject-token.ts'
import type { IdentifiedCall } from '../call/call.ts'
import { deny, type Refusal } from '../call/refusal.ts'
import { definitionOf, type PolicyDefinition } from '../tools/policy-definition.ts'

/**
 * Returns the scopes that the caller's token must have, as given to `policy()`. For code that verifies tokens before a
 * guard decides, and can tell a client which scopes to request.
 * @throws ConfigurationError `policy()` and `publicTool()` made no such policy.
 */
export function callerScopesOf(policy: Policy): readonly string[] {
  const definition = definitionOf(policy)
  if (definition === undefined)
    throw new ConfigurationError('callerScopesOf', 'give what policy() or publicTool() made')
  return definition.rules.callerScopes ?? []
}

/**
 * Refuses a caller whose token lacks a scope of the policy. If the scopes of the token are unknown, they count as
 * missing (I12).
 */
export function callerScopesRefusal({ policy, identity }: IdentifiedCall): Refusal | undefined {
  if (policy.rules.callerScopes === undefined) return undefined
  const lacking = lackingCallerScopes(policy, subjectTokenOf(identity))
  return lacking === undefined ? undefined : deny('not_permitted', lacking)
}

/**
 * Lists the policy's scopes that the caller's token lacks, in words for the operator. Returns `undefined` if the token
 * has all of them.
 */
export function lackingCallerScopes(
  { rules: { callerScopes = [] } }: Pick<PolicyDefinition, 'rules'>,
  token: Pick<SubjectToken, 'scopes'> | undefined,
): string | undefined {
  const lacking = callerScopes.filter((scope) => token?.scopes?.includes(scope) !== true)
  return lacking.length === 0 ? undefined : `the token of the caller lacks ${lacking.join(', ')}`
}
