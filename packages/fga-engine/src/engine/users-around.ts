import type { Asking } from '../evaluate/index.ts'
import { type Relation, type Rewrite, relationOf } from '../model/index.ts'
import { isUserset, isWildcard, splitUserset, typeOf } from '../tuples/index.ts'
import type { EngineState } from './state.ts'

interface Place {
  readonly object: string
  readonly relation: Relation
}

/**
 * Everybody of a kind whom the tuples around a relation name, whether they have it or not: the candidates of list
 * users. Conditions are not looked at.
 */
export async function usersAround(
  state: EngineState,
  { contextual }: Asking,
  { object, relation, filter }: Place & { readonly filter: string },
): Promise<ReadonlySet<string>> {
  const [type, userset] = filter.split('#')
  const users = new Set<string>()
  const seen = new Set<string>()
  const waiting: Place[] = []
  const visit = (place: Place) => {
    const key = `${place.object}#${place.relation.name}`
    if (seen.has(key)) return
    seen.add(key)
    if (place.relation.label === filter) users.add(key)
    waiting.push(place)
  }
  const named = (user: string) => {
    const [target, name] = splitUserset(user)
    const next = isUserset(user) ? relationOf(state.model, typeOf(target), name) : undefined
    if (next !== undefined) visit({ object: target, relation: next })
    else if (userset === undefined && typeOf(user) === type) users.add(user)
  }
  const tuplesOf = async (of: string, name: string) => [
    ...(contextual.get(`${of}#${name}`) ?? []),
    ...(await state.source.tuplesOf(of, name)),
  ]
  const walk = async (place: Place, rewrite: Rewrite): Promise<void> => {
    switch (rewrite.kind) {
      case 'this':
        for (const { user } of await tuplesOf(place.object, place.relation.name)) named(user)
        return
      case 'computed':
        return visitRelation(place.object, place.relation.type, rewrite.relation)
      case 'ttu':
        for (const { user } of await tuplesOf(place.object, rewrite.tupleset)) {
          if (!isWildcard(user)) visitRelation(user, typeOf(user), rewrite.computed)
        }
        return
      case 'exclusion':
        await walk(place, rewrite.base)
        return walk(place, rewrite.subtract)
      default:
        for (const child of rewrite.children) await walk(place, child)
    }
  }
  const visitRelation = (target: string, targetType: string, name: string) => {
    const next = relationOf(state.model, targetType, name)
    if (next !== undefined) visit({ object: target, relation: next })
  }
  visit({ object, relation })
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) await walk(place, place.relation.rewrite)
  return users
}
