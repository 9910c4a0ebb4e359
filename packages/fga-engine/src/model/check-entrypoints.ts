import { type CompiledModel, type Relation, type Rewrite, relationOf } from './compiled-model.ts'
import { partsOf, wrong } from './parts-of.ts'

/**
 * Refuses relations that no user can ever have, and relations that are computed from themselves.
 *
 * @throws ConfigurationError Names the relation.
 */
export function checkEntrypoints(model: CompiledModel): void {
  const relations = [...model.types.values()].flatMap((own) => [...own.values()])
  for (const relation of relations) refuseCircle(model, relation, [])
  const open = reachable(model, relations)
  const closed = relations.find((relation) => !open.has(relation))
  if (closed !== undefined) throw wrong(closed.label, 'let some tuple lead to it: as it stands, no user can have it')
}

/** Refuses relations of one object that are computed from each other. Ways through tuples may be circular. */
function refuseCircle(model: CompiledModel, relation: Relation, before: readonly Relation[]): void {
  if (before.includes(relation)) throw wrong(relation.label, 'do not compute it from itself')
  for (const part of partsOf(relation.rewrite)) {
    const next = part.kind === 'computed' ? relationOf(model, relation.type, part.relation) : undefined
    if (next !== undefined) refuseCircle(model, next, [...before, relation])
  }
}

/** Returns the relations that a tuple about a user or `type:*` can reach. Repeats until nothing is added. */
function reachable(model: CompiledModel, relations: readonly Relation[]): ReadonlySet<Relation> {
  const open = new Set<Relation>()
  const isOpen = (type: string, name: string) => {
    const relation = relationOf(model, type, name)
    return relation !== undefined && open.has(relation)
  }
  const holds = (relation: Relation, rewrite: Rewrite): boolean => {
    switch (rewrite.kind) {
      case 'this':
        return relation.restrictions.some(({ type, relation: name }) => name === undefined || isOpen(type, name))
      case 'computed':
        return isOpen(relation.type, rewrite.relation)
      case 'ttu': {
        const parents = relationOf(model, relation.type, rewrite.tupleset)?.restrictions ?? []
        return parents.some(({ type }) => isOpen(type, rewrite.computed))
      }
      case 'union':
        return rewrite.children.some((part) => holds(relation, part))
      case 'intersection':
        return rewrite.children.every((part) => holds(relation, part))
      case 'exclusion':
        return holds(relation, rewrite.base) && holds(relation, rewrite.subtract)
    }
  }
  for (let before = -1; before !== open.size; ) {
    before = open.size
    for (const relation of relations) if (!open.has(relation) && holds(relation, relation.rewrite)) open.add(relation)
  }
  return open
}
