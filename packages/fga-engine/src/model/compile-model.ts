import { ConfigurationError } from '@behalf/core'
import type { AuthorizationModel, TypeDefinition, TypeRestriction, Userset } from './authorization-model.ts'
import type { CompiledModel, Relation, Rewrite } from './compiled-model.ts'
import { modelId } from './model-id.ts'

/**
 * Resolves the names of a model.
 *
 * Refuses what the evaluator could not walk: unknown types, relations and conditions, a tupleset that is no direct
 * relation. It is not a validator of models: write them to a server, or give them to `@openfga/syntax-transformer`.
 *
 * @throws ConfigurationError Names the part of the model that does not fit.
 */
export function compileModel(model: AuthorizationModel): CompiledModel {
  if (!['1.1', '1.2'].includes(model?.schema_version)) {
    throw new ConfigurationError('model.schema_version', "give a model of schema '1.1' or '1.2', in OpenFGA's JSON")
  }
  const types = new Map<string, ReadonlyMap<string, Relation>>()
  for (const definition of model.type_definitions) {
    if (types.has(definition.type)) throw wrong(definition.type, 'define the type once')
    types.set(definition.type, compileType(definition))
  }
  const compiled = { id: modelId(model), types, conditions: new Map(Object.entries(model.conditions ?? {})) }
  for (const relations of types.values()) {
    for (const relation of relations.values()) {
      for (const restriction of relation.restrictions) checkRestriction(compiled, relation, restriction)
      checkRewrite(compiled, relation, relation.rewrite)
    }
  }
  return compiled
}

function compileType({ type, relations = {}, metadata }: TypeDefinition): ReadonlyMap<string, Relation> {
  const rewrites = new Map(
    Object.entries(relations).map(([name, userset]) => [name, compileRewrite(userset, `${type}#${name}`)]),
  )
  const tuplesets = new Set([...rewrites.values()].flatMap(tuplesetsIn))
  const compiled = new Map<string, Relation>()
  for (const [name, rewrite] of rewrites) {
    const known = metadata?.relations
    const restrictions =
      known !== undefined && Object.hasOwn(known, name) ? (known[name]?.directly_related_user_types ?? []) : []
    compiled.set(name, {
      label: `${type}#${name}`,
      type,
      name,
      rewrite,
      restrictions,
      takes: takesOf(restrictions),
      isTupleset: tuplesets.has(name),
    })
  }
  return compiled
}

function takesOf(restrictions: readonly TypeRestriction[]): Relation['takes'] {
  const labels = new Set<string>()
  const wildcards = new Set<string>()
  let usersets = false
  for (const { type, relation = '', wildcard } of restrictions) {
    if (wildcard !== undefined) wildcards.add(type)
    else labels.add(relation === '' ? type : `${type}#${relation}`)
    usersets ||= relation !== ''
  }
  return { labels, wildcards, usersets }
}

function compileRewrite(userset: Userset, label: string): Rewrite {
  if (userset.this !== undefined) return { kind: 'this' }
  if (userset.computedUserset !== undefined) {
    return { kind: 'computed', relation: userset.computedUserset.relation ?? '' }
  }
  if (userset.tupleToUserset !== undefined) {
    const { tupleset, computedUserset } = userset.tupleToUserset
    return { kind: 'ttu', tupleset: tupleset.relation ?? '', computed: computedUserset.relation ?? '' }
  }
  if (userset.difference !== undefined) {
    const { base, subtract } = userset.difference
    return { kind: 'exclusion', base: compileRewrite(base, label), subtract: compileRewrite(subtract, label) }
  }
  const children = (userset.union ?? userset.intersection)?.child
  if (children === undefined || children.length === 0) {
    throw wrong(label, 'rewrite it by one of this, computedUserset, tupleToUserset, union, intersection, difference')
  }
  return {
    kind: userset.union === undefined ? 'intersection' : 'union',
    children: children.map((child) => compileRewrite(child, label)),
  }
}

/** A rewrite and all that it is made of. */
function* partsOf(rewrite: Rewrite): Generator<Rewrite> {
  yield rewrite
  if ('children' in rewrite) for (const child of rewrite.children) yield* partsOf(child)
  if (rewrite.kind === 'exclusion') {
    yield* partsOf(rewrite.base)
    yield* partsOf(rewrite.subtract)
  }
}

function tuplesetsIn(rewrite: Rewrite): readonly string[] {
  return [...partsOf(rewrite)].flatMap((part) => (part.kind === 'ttu' ? [part.tupleset] : []))
}

function checkRestriction(model: CompiledModel, { label }: Relation, { type, relation, condition }: TypeRestriction) {
  const relations = model.types.get(type)
  if (relations === undefined) throw wrong(label, `define the type ${JSON.stringify(type)} that it takes`)
  if (relation !== undefined && relation !== '' && !relations.has(relation)) {
    throw wrong(label, `define the relation ${JSON.stringify(`${type}#${relation}`)} that it takes`)
  }
  if (condition !== undefined && condition !== '' && !model.conditions.has(condition)) {
    throw wrong(label, `define the condition ${JSON.stringify(condition)} that it asks for`)
  }
}

function checkRewrite(model: CompiledModel, { type, label }: Relation, rewrite: Rewrite): void {
  const own = model.types.get(type)
  for (const part of partsOf(rewrite)) {
    if (part.kind === 'computed' && !own?.has(part.relation)) {
      throw wrong(label, `define the relation ${JSON.stringify(part.relation)} that it is computed from`)
    }
    if (part.kind !== 'ttu') continue
    const tupleset = own?.get(part.tupleset)
    if (tupleset?.rewrite.kind !== 'this') {
      throw wrong(label, `make ${JSON.stringify(part.tupleset)} a relation of tuples alone: it is read 'from' it`)
    }
    if (!tupleset.restrictions.some((restriction) => model.types.get(restriction.type)?.has(part.computed))) {
      throw wrong(label, `define ${JSON.stringify(part.computed)} on a type that ${part.tupleset} takes`)
    }
  }
}

const wrong = (where: string, fix: string) => new ConfigurationError(`model ${where}`, fix)
