import type { AccessOf, Call, Policy } from '../../base/contract/index.ts'
import { IdentityRequiredError } from '../../base/errors/index.ts'
import { shared } from '../../base/process/shared-state.ts'
import { definitionOf } from '../tools/policy-definition.ts'
import type { AdmittedCall } from './call.ts'

/**
 * Returns the call in which this code runs, with the credentials that `policy` names.
 *
 * A shortcut by AsyncLocalStorage: a body gets the same object as its last argument.
 *
 * @throws IdentityRequiredError Outside a guarded call, inside one that another policy let run, or within a `runAs` of
 *   another principal.
 */
export function currentCall<P extends Policy>(policy: P): Call<AccessOf<P>> {
  const scope = shared.scope.getStore()
  if (scope?.call === undefined)
    throw new IdentityRequiredError('no guarded call runs here: use currentCall() within a tool body')
  if (scope.definition !== definitionOf(policy)) {
    throw new IdentityRequiredError('the call that runs here is under another policy')
  }
  return scope.call as unknown as Call<AccessOf<P>>
}

/** Runs a body within its call, and as the call's identity. */
export function runInCall<Result>(
  call: Call,
  { policy, identity, invocation, acts }: Omit<AdmittedCall, 'input'>,
  body: () => Result,
): Result {
  const { slot } = invocation
  return shared.scope.run({ identity, call, definition: policy, within: call, slot, acts }, body)
}

/** Known to all copies of this package. */
export const redacts = Symbol.for('@behalf/core@1/redact')

/** Replaces verbatim tokens of the call in texts and plain values, as the guard does with a result (E4). */
export type Redactor = <Value>(value: Value) => Value

/**
 * Returns a function that removes a call's tokens from the framework's own types, which the guard cannot search. For
 * adapters.
 * @param call - The call, as the body gets it.
 */
export function redactorOf(call: Call): Redactor {
  const redact = (call as { readonly [redacts]?: Redactor })[redacts]
  return redact === undefined ? (value) => value : (value) => redact.call(call, value) as typeof value
}
