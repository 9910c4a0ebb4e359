import type { Permission } from '../../base/contract/index.ts'
import { BehalfError, ConfigurationError } from '../../base/errors/index.ts'
import { permissionsOf } from '../../rights/fga/may.ts'

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
 * A promise as its answer decides nothing: a promise is neither false nor a message, and its rejection would end the
 * process.
 *
 * @throws RuleThrew The rule threw. A `BehalfError`, such as that of `object()`, is thrown as it is.
 * @throws ConfigurationError The rule answered with a promise.
 */
export function callRule<Answer>(rule: string, ask: () => Answer): Answer {
  let answer: Answer
  try {
    answer = ask()
  } catch (error) {
    if (error instanceof RuleThrew || BehalfError.isInstance(error)) throw error
    throw new RuleThrew(rule, error)
  }
  if (!(answer instanceof Promise)) return answer
  answer.catch(() => {})
  throw new ConfigurationError(`policy.${rule}`, 'answers with a promise: give a function that answers at once')
}

/** Calls a rule that returns permissions, as {@link callRule} does. @throws ConfigurationError It returned none. */
export const permissionsAsked = (rule: string, ask: () => Permission | readonly Permission[]): readonly Permission[] =>
  permissionsOf(`policy.${rule}`, callRule(rule, ask))
