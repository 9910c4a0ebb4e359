import type { FgaObject, Json, JsonObject, Permission } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { canonicalJson, copyOf, snapshot } from '../../base/values/index.ts'
import type { RelationshipQuestion, RelationshipTuple } from './access-checker.ts'
import { assertPermission, isRelation } from './may.ts'
import { isObjectName, MAX_USER_BYTES } from './object.ts'

/** Relation in the authorization model, for each subject, in place of a policy's relation. */
export interface Relations {
  /** Returns the relation of the user's right, such as `(relation) => `user_${relation}``. */
  readonly user: (relation: string) => string
  /** Returns the relation of the agent's right. Required by every policy without `subjects: 'user'`. */
  readonly agent?: (relation: string) => string
  /**
   * Relation by which a user lets an agent act: `user:ann acts_for agent:trader`. Required by the same policies as
   * `agent`.
   */
  readonly delegation?: string
}

/** One question to the server. */
export interface NotedQuestion extends RelationshipQuestion {
  /** Note for the operator about the question. */
  readonly note?: string
}

/** Subjects of a question. */
export type Subjects =
  | { readonly kind: 'user'; readonly user: FgaObject }
  | { readonly kind: 'user-and-agent'; readonly user: FgaObject; readonly agent: FgaObject }
  | { readonly kind: 'agent'; readonly agent: FgaObject }

/**
 * Returns all questions that must be allowed, each once (F2).
 *
 * The delegation is asked with the facts of each permission, so that it may be limited by them too. The time is no part
 * of a question: it is added when the questions are sent.
 */
export function questionsFor(
  subjects: Subjects,
  permissions: readonly Permission[],
  relations: Relations,
  contextualTuples: readonly RelationshipTuple[],
): readonly NotedQuestion[] {
  const questions = new Map<string, NotedQuestion>()
  const ask = (question: NotedQuestion) =>
    questions.set(keyOf(question), contextualTuples.length === 0 ? question : { ...question, contextualTuples })
  for (const permission of permissions) {
    assertPermission(permission)
    const { relation, object } = permission
    const context: NonNullable<NotedQuestion['context']> = copyOf({ ...permission.context })
    if (subjects.kind !== 'agent') {
      ask({ user: subjects.user, relation: named('user', relations.user(relation)), object, context })
    }
    if (subjects.kind === 'user') continue
    const agent = agentRelation(relations, relation)
    if (subjects.kind === 'agent') {
      ask({ user: subjects.agent, relation: agent, object, context, note: 'the agent alone: no user' })
    } else {
      ask({ user: subjects.agent, relation: agent, object, context })
      ask({ user: subjects.user, relation: delegationRelation(relations), object: subjects.agent, context })
    }
  }
  return [...questions.values()]
}

/** Returns text with everything that can change the answer (F3). */
export function keyOf({ user, relation, object, context = {}, contextualTuples = [] }: NotedQuestion): string {
  // A name contains no space, so a space separates names exactly.
  const names = `${user} ${relation} ${object}`
  const facts = Object.keys(context).length === 0 ? '' : canonicalJson(context as Json)
  const tuples = contextualTuples.length === 0 ? '' : canonicalJson(contextualTuples as unknown as Json)
  return `${names} ${facts} ${tuples}`
}

/** Returns the question in the notation of OpenFGA. */
export function textOf(question: Pick<NotedQuestion, 'user' | 'relation' | 'object' | 'note'>): string {
  const note = question.note === undefined ? '' : ` (${question.note})`
  return `${question.user} ${question.relation} ${question.object}${note}`
}

function agentRelation(relations: Relations, relation: string): string {
  if (relations.agent === undefined) throw missing('agent')
  return named('agent', relations.agent(relation))
}

function delegationRelation(relations: Relations): string {
  if (relations.delegation === undefined) throw missing('delegation')
  return relations.delegation
}

function missing(name: 'agent' | 'delegation'): ConfigurationError {
  return new ConfigurationError(
    `relations.${name}`,
    "name the relation, or say subjects: 'user' in policies of a model that has no agents",
  )
}

function named(option: 'user' | 'agent', relation: unknown): string {
  if (isRelation(relation)) return relation
  throw new ConfigurationError(`relations.${option}`, 'return one word of at most 50 bytes without ":#@*"')
}

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
): Pick<NotedQuestion, 'context' | 'contextualTuples'> {
  return {
    ...(context !== undefined && { context: plainObject('context', context) as NotedQuestion['context'] & object }),
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
