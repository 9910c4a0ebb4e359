import type { Condition } from '../conditions/index.ts'
import { type CompiledModel, type Relation, relationOf } from '../model/index.ts'
import { problemOfContext } from './context-problem.ts'
import { hasControl, isObject, isRelationName, isUserset, isWildcard, splitUserset, typeOf } from './names.ts'
import { type Tuple, type TupleKey, tupleText } from './tuple.ts'

/** Reason for a refusal. `conditional`: it concerns the condition, which some endpoints report with another code. */
export interface Problem {
  readonly message: string
  readonly conditional?: true
}

export type Conditions = ReadonlyMap<string, Condition>

/** Returns the problem of a question: its types and relations must exist, and its names be well formed. */
export function problemOfKey(model: CompiledModel, { user, relation, object }: TupleKey): string | undefined {
  return problemOfUser(model, user) ?? problemOfObject(model, object) ?? problemOfRelation(model, object, relation)
}

/** Returns the problem of the user in a question or a tuple. */
export function problemOfUser(model: CompiledModel, user: string): string | undefined {
  if (isUserset(user)) {
    const [object, relation] = splitUserset(user)
    const type = typeOf(object)
    if (!model.types.has(type)) return `type '${type}' not found`
    return relationOf(model, type, relation) === undefined ? `relation '${type}#${relation}' not found` : undefined
  }
  if (isObject(user)) return model.types.has(typeOf(user)) ? undefined : `type '${typeOf(user)}' not found`
  if (!/^[^#: ]+$/.test(user) || hasControl(user)) return "the 'user' field is malformed"
  return "the 'user' field must be an object (e.g. document:1) or an 'object#relation' or a typed wildcard (e.g. group:*)"
}

function problemOfObject(model: CompiledModel, object: string): string | undefined {
  if (!isObject(object)) return "invalid 'object' field format"
  if (isWildcard(object)) return "the 'object' field cannot reference a typed wildcard"
  return model.types.has(typeOf(object)) ? undefined : `type '${typeOf(object)}' not found`
}

function problemOfRelation(model: CompiledModel, object: string, relation: string): string | undefined {
  if (!isRelationName(relation)) return "the 'relation' field is malformed"
  const type = typeOf(object)
  return relationOf(model, type, relation) === undefined ? `relation '${type}#${relation}' not found` : undefined
}

/** Returns the problem of a tuple that is written or sent along: all rules above, and the type restrictions. */
export function problemOfTuple(model: CompiledModel, conditions: Conditions, tuple: Tuple): Problem | undefined {
  const message = problemOfKey(model, tuple)
  if (message !== undefined) return described(tuple, message)
  const relation = relationOf(model, typeOf(tuple.object), tuple.relation) as Relation
  return problemOfStored(relation, conditions, tuple)
}

/**
 * Returns the problem of a stored tuple of a known relation. Such tuples are ignored: they remain from another model.
 */
export function problemOfStored(relation: Relation, conditions: Conditions, tuple: Tuple): Problem | undefined {
  const message = problemInTupleset(relation, tuple.user) ?? problemOfRestriction(relation, tuple.user)
  if (message !== undefined) return described(tuple, message)
  const conditional = problemOfCondition(relation, conditions, tuple)
  return conditional === undefined ? undefined : { ...described(tuple, conditional), conditional: true }
}

function problemInTupleset({ isTupleset, label }: Relation, user: string): string | undefined {
  if (!isTupleset) return undefined
  if (isWildcard(user)) return `unexpected wildcard relationship with tupleset relation '${label}'`
  return isObject(user) ? undefined : `unexpected user '${user}' with tupleset relation '${label}'`
}

/** Form of a user, for a type restriction. */
type Shape = 'plain' | 'wildcard' | 'userset'

const shapeOf = (user: string): Shape => (isWildcard(user) ? 'wildcard' : isUserset(user) ? 'userset' : 'plain')

function restrictionsFor({ restrictions }: Relation, user: string) {
  const type = typeOf(user)
  const shape = shapeOf(user)
  const userset = shape === 'userset' ? splitUserset(user)[1] : ''
  return restrictions.filter(
    (restriction) =>
      restriction.type === type &&
      (restriction.relation ?? '') === userset &&
      (restriction.wildcard !== undefined) === (shape === 'wildcard'),
  )
}

function problemOfRestriction(relation: Relation, user: string): string | undefined {
  if (restrictionsFor(relation, user).length > 0) return undefined
  const shape = shapeOf(user)
  if (shape === 'wildcard') {
    return `the typed wildcard '${user}' is not an allowed type restriction for '${relation.label}'`
  }
  const [object, userset] = splitUserset(user)
  if (shape === 'userset') {
    return `'${typeOf(object)}#${userset}' is not an allowed type restriction for '${relation.label}'`
  }
  return `type '${typeOf(user)}' is not an allowed type restriction for '${relation.label}'`
}

function problemOfCondition(relation: Relation, conditions: Conditions, tuple: Tuple): string | undefined {
  const allowed = restrictionsFor(relation, tuple.user).map(({ condition }) => condition ?? '')
  if (tuple.condition === undefined) return allowed.includes('') ? undefined : 'condition is missing'
  const { name, context = {} } = tuple.condition
  const condition = conditions.get(name)
  if (condition === undefined) return 'undefined condition'
  if (!allowed.includes(name)) return 'invalid condition for type restriction'
  const control = problemOfContext(context)
  if (control !== undefined) return control
  try {
    condition.castTuple(context)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'the context does not fit'
  }
}

const described = (tuple: Tuple, reason: string): Problem => ({
  message: `Invalid tuple '${tupleText(tuple)}'. Reason: ${reason}`,
})
