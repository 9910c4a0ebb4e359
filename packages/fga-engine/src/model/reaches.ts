import { type CompiledModel, type Relation, type Rewrite, relationOf } from './compiled-model.ts'

/** Returns whether the model has any path from this kind of user to that relation. */
export type Reaches = (userLabel: string, relation: Relation) => boolean

/**
 * Answers from the model alone, without tuples. If no tuple can give a user type the relation, it denies, and checks
 * neither conditions nor depth. OpenFGA does the same, which decides between "no" and an error.
 */
export function createReaches(model: CompiledModel): Reaches {
  return rememberedReaches(model, allParts)
}

/**
 * Answers as above, along only those parts of `and` and `but not` that every user of the relation has: the first part,
 * and the part that is not subtracted. A user who does not reach it is in no list, and the engine needs no tuple for
 * that.
 */
export function createHasWay(model: CompiledModel): Reaches {
  return rememberedReaches(model, neededPart)
}

type PartsOf = (rewrite: Branching) => readonly Rewrite[]
type Branching = Extract<Rewrite, { readonly kind: 'intersection' | 'exclusion' }>

const allParts: PartsOf = (rewrite) =>
  rewrite.kind === 'exclusion' ? [rewrite.base, rewrite.subtract] : rewrite.children
const neededPart: PartsOf = (rewrite) => [
  rewrite.kind === 'exclusion' ? rewrite.base : (rewrite.children[0] as Rewrite),
]

function rememberedReaches(model: CompiledModel, partsOf: PartsOf): Reaches {
  const known = new Map<string, ReadonlySet<string>>()
  return (userLabel, relation) => {
    let sources = known.get(relation.label)
    if (sources === undefined) {
      sources = sourcesOf(model, relation, partsOf)
      known.set(relation.label, sources)
    }
    return sources.has(userLabel)
  }
}

/** Returns the sources that lead here: `user`, `user:*` and `group#member`. */
function sourcesOf(model: CompiledModel, start: Relation, partsOf: PartsOf): ReadonlySet<string> {
  const seen = new Set([start.label])
  const waiting = [start]
  for (let relation = waiting.pop(); relation !== undefined; relation = waiting.pop()) {
    for (const { label, next } of stepsBack(model, relation, relation.rewrite, partsOf)) {
      if (seen.has(label)) continue
      seen.add(label)
      if (next !== undefined) waiting.push(next)
    }
  }
  return seen
}

interface Step {
  readonly label: string
  readonly next: Relation | undefined
}

function stepsBack(model: CompiledModel, relation: Relation, rewrite: Rewrite, partsOf: PartsOf): readonly Step[] {
  switch (rewrite.kind) {
    case 'this':
      return relation.restrictions.map(({ type, relation: userset, wildcard }) =>
        userset !== undefined && userset !== ''
          ? step(model, type, userset)
          : { label: wildcard === undefined ? type : `${type}:*`, next: undefined },
      )
    case 'computed':
      return [step(model, relation.type, rewrite.relation)]
    case 'ttu': {
      const parents = relationOf(model, relation.type, rewrite.tupleset)?.restrictions ?? []
      return parents.flatMap(({ type }) =>
        relationOf(model, type, rewrite.computed) === undefined ? [] : [step(model, type, rewrite.computed)],
      )
    }
    case 'union':
      return rewrite.children.flatMap((part) => stepsBack(model, relation, part, partsOf))
    default:
      return partsOf(rewrite).flatMap((part) => stepsBack(model, relation, part, partsOf))
  }
}

const step = (model: CompiledModel, type: string, name: string): Step => ({
  label: `${type}#${name}`,
  next: relationOf(model, type, name),
})
