import { FgaRefusal } from './fga-refusal.ts'
import type { FgaModel, Rule } from './trading-model.ts'
import { type FgaTuple, parseSubject, tupleKey } from './tuple.ts'

/** OpenFGA's default resolution depth. */
const MAX_DEPTH = 25

/** A question, and all that may change its answer. */
export interface FgaQuestion {
  readonly user: string
  readonly relation: string
  readonly object: string
  readonly context: Readonly<Record<string, unknown>>
  readonly contextualTuples: readonly FgaTuple[]
}

/**
 * Evaluates a model table over tuples: direct tuples with conditions, usersets, wildcards, computed relations,
 * relations from another object, unions and exclusions.
 *
 * Not a full OpenFGA engine: no intersections and no list of users. A cycle is no path to yes.
 * @throws FgaRefusal The question names an unknown type or relation, or a condition lacks a parameter.
 */
export function evaluate(model: FgaModel, stored: readonly FgaTuple[], question: FgaQuestion): boolean {
  validate(model, question)
  const contextual = new Set(question.contextualTuples.map(tupleKey))
  const tuples = [...question.contextualTuples, ...stored.filter((tuple) => !contextual.has(tupleKey(tuple)))]
  const reach = (relation: string, object: string, path: readonly string[]): boolean => {
    const here = `${object}#${relation}`
    if (question.user === here) return true
    if (path.includes(here)) return false
    if (path.length >= MAX_DEPTH) throw new FgaRefusal('authorization_model_resolution_too_complex', 'too deep')
    const rule = model.types[parseSubject(object)?.type ?? '']?.[relation]
    return rule !== undefined && decide(rule, relation, object, [...path, here])
  }
  const decide = (rule: Rule, relation: string, object: string, path: readonly string[]): boolean => {
    if ('anyOf' in rule) return some(rule.anyOf, (one) => decide(one, relation, object, path))
    if ('computed' in rule) return reach(rule.computed, object, path)
    if ('butNot' in rule) {
      const [base, subtract] = rule.butNot
      return decide(base, relation, object, path) && !decide(subtract, relation, object, path)
    }
    if ('from' in rule) {
      const links = tuples.filter((tuple) => tuple.object === object && tuple.relation === rule.from.tupleset)
      return some(links, (tuple) => holds(model, tuple, question) && reach(rule.from.relation, tuple.user, path))
    }
    const direct = tuples.filter((tuple) => tuple.object === object && tuple.relation === relation)
    return some(direct, (tuple) => admits(rule.direct, tuple) && matches(tuple, path) && holds(model, tuple, question))
  }
  const matches = (tuple: FgaTuple, path: readonly string[]): boolean => {
    if (tuple.user === question.user) return true
    const subject = parseSubject(tuple.user)
    if (subject === undefined) return false
    const asked = parseSubject(question.user)
    // A wildcard stands for users of its type, not for usersets.
    if (subject.id === '*') return asked?.type === subject.type && asked.relation === undefined
    return subject.relation !== undefined && reach(subject.relation, `${subject.type}:${subject.id}`, path)
  }
  return reach(question.relation, question.object, [])
}

/** A union: one yes wins over errors elsewhere in it; without a yes, an error is the answer. */
function some<T>(items: readonly T[], test: (item: T) => boolean): boolean {
  let problem: FgaRefusal | undefined
  for (const item of items) {
    try {
      if (test(item)) return true
    } catch (error) {
      if (!(error instanceof FgaRefusal)) throw error
      problem ??= error
    }
  }
  if (problem !== undefined) throw problem
  return false
}

/** The loose validation of a request's own tuple: types and relation must exist. */
function validate(model: FgaModel, { user, relation, object }: FgaQuestion): void {
  const subject = parseSubject(user)
  const target = parseSubject(object)
  if (subject === undefined || target === undefined || target.relation !== undefined) {
    throw new FgaRefusal('validation_error', 'user or object is malformed')
  }
  for (const { type } of [subject, target]) {
    if (!Object.hasOwn(model.types, type)) throw new FgaRefusal('validation_error', `type '${type}' not found`)
  }
  if (!Object.hasOwn(model.types[target.type] ?? {}, relation)) {
    throw new FgaRefusal('validation_error', `relation '${target.type}#${relation}' not found`)
  }
}

/** Whether a tuple fits one of the types that its relation takes, its condition included. */
export function admits(direct: readonly string[], { user, condition }: FgaTuple): boolean {
  const subject = parseSubject(user)
  if (subject === undefined) return false
  const shape =
    subject.relation !== undefined
      ? `${subject.type}#${subject.relation}`
      : subject.id === '*'
        ? `${subject.type}:*`
        : subject.type
  return direct.includes(condition === undefined ? shape : `${shape} with ${condition.name}`)
}

function holds(model: FgaModel, { condition }: FgaTuple, question: FgaQuestion): boolean {
  if (condition === undefined) return true
  const definition = model.conditions[condition.name]
  if (definition === undefined) return false
  // The tuple's context wins: a limit that was granted cannot be asked away.
  const given = { ...question.context, ...condition.context }
  const values: Record<string, unknown> = {}
  for (const [name, type] of Object.entries(definition.parameters)) {
    if (!Object.hasOwn(given, name)) {
      throw new FgaRefusal('validation_error', `condition '${condition.name}': missing parameter '${name}'`)
    }
    values[name] = convert(condition.name, name, type, (given as Record<string, unknown>)[name])
  }
  return definition.holds(values)
}

function convert(condition: string, name: string, type: string, value: unknown): unknown {
  switch (type) {
    case 'timestamp': {
      const time = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN
      if (!Number.isNaN(time)) return time
      break
    }
    case 'int':
      if (Number.isSafeInteger(value)) return value
      break
    case 'string':
      if (typeof value === 'string') return value
      break
    default:
      if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  }
  throw new FgaRefusal('validation_error', `condition '${condition}': parameter '${name}' is no ${type}`)
}
