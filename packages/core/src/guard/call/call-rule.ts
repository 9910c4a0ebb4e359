import type { Identity, Permission } from '../../base/contract/index.ts'
import { BehalfError, ConfigurationError } from '../../base/errors/index.ts'
import { tellApp } from '../../base/ports.ts'
import { permissionsOf } from '../../permissions/openfga/may.ts'
import type { AnyCall, AnyRules } from '../tools/policy-definition.ts'

/** Error of a policy's function, with the name of the function. */
export class RuleThrew {
  /** The path of the rule in the policy. */
  readonly rule: string
  readonly thrown: unknown

  constructor(rule: string, thrown: unknown) {
    this.rule = rule
    this.thrown = thrown
  }
}

/**
 * Calls a rule of the policy.
 *
 * A promise is refused as its answer: it is neither false nor a message, so it could not decide.
 *
 * @throws RuleThrew The rule threw. A `BehalfError`, such as that of `object()`, is thrown as it is.
 * @throws ConfigurationError The rule answered with a promise, or read a field that it does not get.
 */
export function callRule<Given extends object, Answer>(
  rule: string,
  ask: (given: Given) => Answer,
  given: Given,
): Answer {
  let answer: Answer
  let isRunning = true
  // `({ amount }) => amount > 100` would compare nothing, and exempt each call.
  const get = (fields: Given, key: string | symbol): unknown => {
    if (key in fields || !isRunning || typeof key === 'symbol' || key === 'toJSON') return Reflect.get(fields, key)
    throw new ConfigurationError(`policy.${rule}`, `reads ${key}, but gets ${Object.keys(fields).join(' and ')}`)
  }
  try {
    answer = ask(new Proxy(given, { get }))
  } catch (error) {
    if (error instanceof RuleThrew || BehalfError.isInstance(error)) throw error
    throw new RuleThrew(rule, error)
  } finally {
    isRunning = false
  }
  return atOnce(`policy.${rule}`, answer, 'answers with a promise: give a function that answers at once')
}

/**
 * Returns the result of an app's function. @throws ConfigurationError The result is a promise, which the call does not
 * await. Its rejection is dropped: it would end the process.
 */
export function atOnce<Answer>(option: string, answer: Answer, problem: string): Answer {
  if (!('then' in Object(answer))) return answer
  tellApp(() => answer)
  throw new ConfigurationError(option, problem)
}

const PROMISE =
  'returned a promise, and is asked within each call: verify the user before the run, and return the identity'

/**
 * Returns the caller's identity by the option `identity` of an adapter. A function is called at each call, because
 * another user may resume the run. If it throws, the error is reported, and no user counts as signed in.
 */
export function identityOfCall(
  owner: string,
  identity: Identity | undefined | (() => Identity | undefined),
  onError: (error: unknown) => void,
): Identity | undefined {
  if (typeof identity !== 'function') return identity
  try {
    return atOnce(`${owner}.identity`, identity(), PROMISE)
  } catch (error) {
    onError(error)
    return undefined
  }
}

/** Calls a rule that returns permissions, as {@link callRule} does. @throws ConfigurationError It returned none. */
export const permissionsAsked = <Given extends object>(
  rule: string,
  ask: (given: Given) => Permission | readonly Permission[],
  given: Given,
): readonly Permission[] => permissionsOf(`policy.${rule}`, callRule(rule, ask, given))

/**
 * Combines `visibleWhen` and `permission`: a call needs both.
 *
 * So the guard also refuses a hidden tool if a model calls it.
 */
export function wholePermission({ permission, visibleWhen }: AnyRules): AnyRules['permission'] {
  if (visibleWhen === undefined) return permission
  return ({ input, identity }: AnyCall) => {
    const always = permissionsAsked('visibleWhen', visibleWhen, { identity })
    if (permission === undefined) return always
    const own = permissionsAsked('permission', permission, { input, identity })
    // A rule that requires nothing would allow everything; the other rule does not replace it.
    return always.length === 0 || own.length === 0 ? [] : [...always, ...own]
  }
}
