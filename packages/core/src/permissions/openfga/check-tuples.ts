import type { JsonObject } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { snapshot } from '../../base/values/index.ts'
import type { RelationshipQuestion, RelationshipTuple } from './access-checker.ts'
import { isRelation } from './may.ts'
import { isObjectName, MAX_USER_BYTES } from './object.ts'
import type { Question } from './question.ts'

/** Maximum number of contextual tuples, and of tuples in one write: the server's own limit. */
const MAX_TUPLES = 100

/**
 * Returns tuples with only the fields that OpenFGA knows.
 *
 * @throws ConfigurationError Too many, or a tuple that is not well-formed.
 */
export function checkTuples(option: string, tuples: unknown): readonly RelationshipTuple[] {
  if (!Array.isArray(tuples)) throw new ConfigurationError(option, 'give a list of tuples')
  if (tuples.length > MAX_TUPLES)
    throw new ConfigurationError(option, `OpenFGA takes at most ${MAX_TUPLES} tuples at once`)
  return tuples.map((tuple: RelationshipTuple, index) => {
    const { user, relation, object, condition } = tuple ?? {}
    if (!isUserName(user) || !isRelation(relation) || !isObjectName(object)) {
      throw new ConfigurationError(`${option}[${index}]`, 'give { user, relation, object } of OpenFGA')
    }
    if (condition === undefined) return { user, relation, object }
    if (!isRelation(condition?.name)) {
      throw new ConfigurationError(`${option}[${index}].condition`, 'give { name, context } of OpenFGA')
    }
    const context = plainObject(`${option}[${index}].condition.context`, condition.context ?? {})
    return { user, relation, object, condition: { name: condition.name, context } }
  })
}

/** Returns whether a text can be the user of a tuple: `user:ann`, `group:g#member` or `user:*`. */
export function isUserName(text: unknown): text is string {
  if (typeof text !== 'string') return false
  if (/^[^:#@*\s\p{Cc}]+:\*$/u.test(text)) return text.length <= MAX_USER_BYTES
  const hash = text.indexOf('#')
  if (hash === -1) return isObjectName(text, MAX_USER_BYTES)
  return isObjectName(text.slice(0, hash), MAX_USER_BYTES) && isRelation(text.slice(hash + 1))
}

/** Returns the fields that questions and lists share. */
export function factsOf(
  context: RelationshipQuestion['context'],
  contextualTuples: readonly RelationshipTuple[] | undefined,
): Pick<Question, 'context' | 'contextualTuples'> {
  return {
    ...(context !== undefined && { context: plainObject('context', context) as Question['context'] & object }),
    ...(contextualTuples !== undefined && { contextualTuples: checkTuples('contextualTuples', contextualTuples) }),
  }
}

/**
 * Copies a value so that it means the same as the JSON that is sent. Otherwise `keyOf` would not see a `Date`, for
 * example, and two different questions would share an answer (F3).
 */
function plainObject(option: string, value: unknown): JsonObject {
  const copy = snapshot(value)
  if ('value' in copy && typeof copy.value === 'object' && copy.value !== null && !Array.isArray(copy.value)) {
    return copy.value as JsonObject
  }
  throw new ConfigurationError(option, `give plain JSON${'problem' in copy ? `: ${copy.problem}` : ''}`)
}
