import type { FgaObject, Json, Permission } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { canonicalJson, copyOf } from '../../base/values/index.ts'
import type { RelationshipQuestion, RelationshipTuple } from './access-checker.ts'
import { assertPermission, isRelation } from './may.ts'

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
export interface Question extends RelationshipQuestion {
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
): readonly Question[] {
  const questions = new Map<string, Question>()
  const ask = (question: Question) =>
    questions.set(keyOf(question), contextualTuples.length === 0 ? question : { ...question, contextualTuples })
  for (const permission of permissions) {
    assertPermission(permission)
    const { relation, object } = permission
    const context: NonNullable<Question['context']> = copyOf({ ...permission.context })
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
export function keyOf({ user, relation, object, context = {}, contextualTuples = [] }: Question): string {
  // A name contains no space, so a space separates names exactly.
  const names = `${user} ${relation} ${object}`
  const facts = Object.keys(context).length === 0 ? '' : canonicalJson(context as Json)
  const tuples = contextualTuples.length === 0 ? '' : canonicalJson(contextualTuples as unknown as Json)
  return `${names} ${facts} ${tuples}`
}

/** Returns the question in the notation of OpenFGA. */
export function textOf(question: Pick<Question, 'user' | 'relation' | 'object' | 'note'>): string {
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
