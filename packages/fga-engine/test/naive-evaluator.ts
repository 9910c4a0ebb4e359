import type { AuthorizationModel, Tuple, Userset } from '../src/index.ts'

/**
 * A second evaluator, on purpose unlike the first: it computes the set of all that is true, from the bottom up, until
 * nothing is added.
 *
 * For models without conditions, and without exclusions and intersections that lead back to themselves, where "until
 * nothing is added" has no meaning.
 */
export function naiveEvaluator(model: AuthorizationModel, tuples: readonly Tuple[], users: readonly string[]) {
  const objects = [...new Set(tuples.flatMap(({ object, user }) => [object, user.split('#')[0] ?? '']))]
    .filter((name) => !name.endsWith(':*'))
    .concat(users.filter((user) => !user.endsWith(':*')).map((user) => user.split('#')[0] ?? ''))
  const rewrites = new Map(
    model.type_definitions.flatMap(({ type, relations = {} }) =>
      Object.entries(relations).map(([relation, userset]) => [`${type}#${relation}`, userset] as const),
    ),
  )
  const facts = new Set<string>()
  const has = (user: string, relation: string, object: string) =>
    user === `${object}#${relation}` || facts.has(`${user} ${relation} ${object}`)
  const holds = (userset: Userset, user: string, relation: string, object: string): boolean => {
    const { this: direct, computedUserset, tupleToUserset, union, intersection, difference } = userset
    if (direct !== undefined) {
      return tuples.some((tuple) => {
        if (tuple.object !== object || tuple.relation !== relation) return false
        if (tuple.user === user) return true
        if (tuple.user.endsWith(':*')) return !user.includes('#') && tuple.user.split(':')[0] === user.split(':')[0]
        const [target = '', name] = tuple.user.split('#')
        return name !== undefined && has(user, name, target)
      })
    }
    if (computedUserset !== undefined) return has(user, computedUserset.relation ?? '', object)
    if (tupleToUserset !== undefined) {
      const { tupleset, computedUserset: target } = tupleToUserset
      return tuples.some(
        (tuple) =>
          tuple.object === object &&
          tuple.relation === tupleset.relation &&
          rewrites.has(`${tuple.user.split(':')[0]}#${target.relation}`) &&
          has(user, target.relation ?? '', tuple.user),
      )
    }
    const part = (child: Userset) => holds(child, user, relation, object)
    if (union !== undefined) return union.child.some(part)
    if (intersection !== undefined) return intersection.child.every(part)
    return difference !== undefined && part(difference.base) && !part(difference.subtract)
  }
  const candidates = (label: string): readonly (readonly [user: string, relation: string, object: string])[] => {
    const [type = '', relation = ''] = label.split('#')
    const own = objects.filter((name) => name.startsWith(`${type}:`))
    return own.flatMap((object) => users.map((user) => [user, relation, object] as const))
  }
  // One relation after another, so that what is subtracted is settled before it is used.
  for (const [label, userset] of [...rewrites].reverse()) {
    for (let before = -1; before !== facts.size; ) {
      before = facts.size
      for (const fact of candidates(label)) if (holds(userset, ...fact)) facts.add(fact.join(' '))
    }
  }
  return has
}
