import type { AuthorizationModel, TypeRestriction, Userset } from '../../src/index.ts'
import type { Scenario } from './load-stores.ts'

const TYPES = ['group', 'folder', 'document'] as const
const RELATIONS = ['a', 'b', 'c', 'd'] as const
const IDS = ['1', '2', '3'] as const
const USERS = ['user:ann', 'user:bob', 'user:*'] as const

export interface RandomWorld extends Pick<Scenario, 'tuples' | 'checks' | 'lists'> {
  readonly model: AuthorizationModel
}

const CONDITIONS: NonNullable<AuthorizationModel['conditions']> = {
  small: { name: 'small', expression: 'x < 10', parameters: { x: { type_name: 'TYPE_NAME_INT' } } },
  both: {
    name: 'both',
    expression: 'x < 10 && s == "ok"',
    parameters: { x: { type_name: 'TYPE_NAME_INT' }, s: { type_name: 'TYPE_NAME_STRING' } },
  },
}

/**
 * A model of random rewrites, random tuples that it takes, and random questions, some with tuples of their own.
 *
 * Each question brings all that a condition needs: the server follows several ways at once, and what it says of
 * a condition that cannot be evaluated depends on which came first.
 */
export function randomWorld(seed: number): RandomWorld {
  const pick = picker(seed)
  const model = randomModel(pick)
  const someTuples = (count: number): Scenario['tuples'] => {
    const tuples = new Map<string, Scenario['tuples'][number]>()
    for (let index = 0; index < count; index++) {
      const type = pick(TYPES)
      const relation = pick(['parent', ...RELATIONS])
      const metadata = model.type_definitions.find((one) => one.type === type)?.metadata?.relations?.[relation]
      const restrictions = metadata?.directly_related_user_types ?? []
      if (restrictions.length === 0) continue
      const restriction = pick(restrictions)
      const object = `${type}:${pick(IDS)}`
      const user = userOf(restriction, pick)
      const condition = restriction.condition && {
        name: restriction.condition,
        context: pick([{}, { x: 5 }, { x: 50 }]),
      }
      if (user === `${object}#${relation}`) continue
      tuples.set(`${object}#${relation}@${user}`, { user, relation, object, ...(condition && { condition }) })
    }
    return [...tuples.values()]
  }
  const circumstances = () => ({
    context: pick([
      { x: 5, s: 'ok' },
      { x: 50, s: 'ok' },
      { x: 5, s: 'no' },
    ]),
    ...(pick([0, 0, 1]) === 1 && { contextualTuples: someTuples(4) }),
  })
  const someUser = () => (pick([0, 1, 2]) > 0 ? pick(USERS) : `${pick(TYPES)}:${pick(IDS)}#${pick(RELATIONS)}`)
  return {
    model,
    tuples: someTuples(40),
    checks: Array.from({ length: 150 }, () => ({
      question: {
        user: someUser(),
        relation: pick(RELATIONS),
        object: `${pick(TYPES)}:${pick(IDS)}`,
        ...circumstances(),
      },
      expected: true,
    })),
    lists: Array.from({ length: 20 }, () => ({
      question: { user: someUser(), relation: pick(RELATIONS), type: pick(TYPES), ...circumstances() },
      expected: [],
    })),
  }
}

type Picker = <T>(from: readonly T[]) => T

/** Mulberry32: small, and the same for the same seed. */
function picker(seed: number): Picker {
  let state = seed
  return (from) => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return from[((value ^ (value >>> 14)) >>> 0) % from.length] as never
  }
}

function randomModel(pick: Picker): AuthorizationModel {
  const restriction = (): TypeRestriction => {
    const condition = pick([undefined, undefined, 'small', 'both'])
    const taken = pick<() => TypeRestriction>([
      () => ({ type: 'user' }),
      () => ({ type: 'user' }),
      () => ({ type: 'user', wildcard: {} }),
      () => ({ type: pick(TYPES), relation: pick(RELATIONS) }),
    ])()
    return { ...taken, ...(condition !== undefined && { condition }) }
  }
  /** Computed from relations further on alone: the server refuses models that loop. */
  const rewrite = (depth: number, further: readonly string[]): Userset => {
    const part = () => rewrite(depth - 1, further)
    return pick<() => Userset>([
      () => ({ this: {} }),
      () => ({ this: {} }),
      () => (further.length === 0 ? { this: {} } : { computedUserset: { relation: pick(further) } }),
      () => ({
        tupleToUserset: { tupleset: { relation: 'parent' }, computedUserset: { relation: pick(RELATIONS) } },
      }),
      ...(depth > 0
        ? [
            () => ({ union: { child: [part(), part()] } }),
            () => ({ intersection: { child: [part(), part()] } }),
            () => ({ difference: { base: part(), subtract: part() } }),
          ]
        : []),
    ])()
  }
  const types = TYPES.map((type) => {
    const relations = Object.fromEntries([
      ['parent', { this: {} }],
      ...RELATIONS.map((relation, index) => [relation, rewrite(2, RELATIONS.slice(index + 1))] as const),
    ]) as Record<string, Userset>
    const metadata = Object.entries(relations).map(([relation, userset]) => [
      relation,
      { directly_related_user_types: restrictionsOf(relation, userset) },
    ])
    return { type, relations, metadata: { relations: Object.fromEntries(metadata) } }
  })
  function restrictionsOf(relation: string, userset: Userset): readonly TypeRestriction[] {
    if (relation === 'parent') return [{ type: pick(TYPES) }]
    return JSON.stringify(userset).includes('"this"') ? [{ type: 'user' }, restriction(), restriction()] : []
  }
  return { schema_version: '1.1', type_definitions: [{ type: 'user' }, ...types], conditions: CONDITIONS }
}

function userOf({ type, relation, wildcard }: TypeRestriction, pick: Picker): string {
  if (wildcard !== undefined) return `${type}:*`
  if (relation !== undefined) return `${type}:${pick(IDS)}#${relation}`
  return type === 'user' ? pick(['user:ann', 'user:bob']) : `${type}:${pick(IDS)}`
}
