import type { AuthorizationModel, Tuple, Userset } from '../src/index.ts'

export type PlainAnswer = 'yes' | 'no' | 'cycle' | 'error'

const MAX_DEPTH = 25
const MAX_STEPS = 20_000

class TooLong extends Error {}

/**
 * The engine's way through a model, without anything that is kept: each relation is evaluated each time that it is met.
 *
 * `conditions` says what each condition comes to. A userset is no user here, and wildcards are not known.
 */
export function plainEvaluator(
  model: AuthorizationModel,
  tuples: readonly Tuple[],
  conditions: Readonly<Record<string, boolean | 'error'>>,
) {
  const relations = new Map(
    model.type_definitions.flatMap(({ type, relations = {} }) =>
      Object.entries(relations).map(([name, userset]) => [`${type}#${name}`, userset] as const),
    ),
  )
  let steps = 0
  const typeOf = (name: string) => name.split(':')[0] ?? ''
  const holds = ({ condition }: Tuple): boolean | 'error' =>
    condition === undefined ? true : (conditions[condition.name] ?? 'error')
  /** Tuples whose condition holds; an error counts where none is left. */
  const admit = (all: readonly Tuple[]) => {
    const admitted = all.filter((tuple) => holds(tuple) === true)
    return { admitted, error: admitted.length === 0 && all.some((tuple) => holds(tuple) === 'error') }
  }
  const anyOf = (answers: Iterable<PlainAnswer>): PlainAnswer => {
    const seen = new Set<PlainAnswer>()
    for (const answer of answers) {
      if (answer === 'yes') return 'yes'
      seen.add(answer)
    }
    return seen.has('error') ? 'error' : seen.has('cycle') ? 'cycle' : 'no'
  }
  const of = (object: string, relation: string) =>
    tuples.filter((tuple) => tuple.object === object && tuple.relation === relation)

  function relation(user: string, object: string, name: string, depth: number, path: readonly string[]): PlainAnswer {
    const subject = `${object}#${name}`
    if (++steps > MAX_STEPS) throw new TooLong()
    if (depth >= MAX_DEPTH) return 'error'
    if (path.includes(subject)) return 'cycle'
    const userset = relations.get(`${typeOf(object)}#${name}`)
    return userset === undefined ? 'no' : rewrite(user, object, name, userset, depth, [...path, subject])
  }

  function* direct(
    user: string,
    object: string,
    name: string,
    depth: number,
    path: readonly string[],
  ): Iterable<PlainAnswer> {
    const own = admit(of(object, name).filter((tuple) => tuple.user === user))
    yield own.error ? 'error' : own.admitted.length > 0 ? 'yes' : 'no'
    const groups = admit(of(object, name).filter((tuple) => tuple.user.includes('#')))
    if (groups.error) yield 'error'
    for (const tuple of groups.admitted) {
      const [target = '', of = ''] = tuple.user.split('#')
      yield relation(user, target, of, depth + 1, path)
    }
  }

  function* parents(
    user: string,
    object: string,
    tupleset: string,
    name: string,
    depth: number,
    path: readonly string[],
  ): Iterable<PlainAnswer> {
    const found = admit(of(object, tupleset))
    if (found.error) yield 'error'
    for (const parent of found.admitted) yield relation(user, parent.user, name, depth + 1, path)
  }

  function allOf(answers: Iterable<PlainAnswer>): PlainAnswer {
    let answer: PlainAnswer = 'yes'
    for (const one of answers) {
      if (one === 'error') answer = 'error'
      else if (one !== 'yes') return one
    }
    return answer
  }

  function without(base: PlainAnswer, subtract: () => PlainAnswer): PlainAnswer {
    if (base === 'no' || base === 'cycle') return base
    const taken = subtract()
    if (taken === 'cycle') return 'cycle'
    if (taken === 'yes') return 'no'
    return base === 'error' || taken === 'error' ? 'error' : 'yes'
  }

  function rewrite(
    user: string,
    object: string,
    name: string,
    userset: Userset,
    depth: number,
    path: readonly string[],
  ): PlainAnswer {
    const { computedUserset, tupleToUserset, union, intersection, difference } = userset
    const part = (child: Userset) => rewrite(user, object, name, child, depth, path)
    function* parts(children: readonly Userset[]) {
      for (const child of children) yield part(child)
    }
    if (computedUserset !== undefined) return relation(user, object, computedUserset.relation ?? '', depth, path)
    if (tupleToUserset !== undefined) {
      const { tupleset, computedUserset: target } = tupleToUserset
      return anyOf(parents(user, object, tupleset.relation ?? '', target.relation ?? '', depth, path))
    }
    if (union !== undefined) return anyOf(parts(union.child))
    if (intersection !== undefined) return allOf(parts(intersection.child))
    if (difference !== undefined) return without(part(difference.base), () => part(difference.subtract))
    return anyOf(direct(user, object, name, depth, path))
  }

  return {
    /** @returns `undefined` where it takes too long without anything that is kept */
    check(user: string, name: string, object: string): PlainAnswer | undefined {
      steps = 0
      try {
        return relation(user, object, name, 0, [])
      } catch (error) {
        if (error instanceof TooLong) return undefined
        throw error
      }
    },
  }
}
