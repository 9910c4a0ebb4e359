import { ConfigurationError } from '@behalf/core'
import type { AuthorizationModel, TypeDefinition, TypeRestriction, Userset } from './authorization-model.ts'
import { checkEntrypoints } from './check-entrypoints.ts'
import type { CompiledModel, Relation, Rewrite } from './compiled-model.ts'
import { modelId } from './model-id.ts'
import { partsOf, wrong } from './parts-of.ts'

// Patterns of the OpenFGA API. White space means the ASCII characters.
const TYPE_NAME = /^[^:#@\t\n\f\r ]{1,254}$/u
const RELATION_NAME = /^[^:#@\t\n\f\r ]{1,50}$/u
const RESERVED = ['self', 'this']

/**
 * Resolves the names of a model, and refuses the models that OpenFGA refuses: names that are unknown, reserved or
 * defined twice, type restrictions that are unused or missing, a tupleset that is no direct relation, and relations
 * that no tuple can reach or that are computed from themselves.
 * @throws ConfigurationError Names the part of the model that does not fit.
 */
export function compileModel(model: AuthorizationModel): CompiledModel {
  checkSchema(model)
  const types = new Map<string, ReadonlyMap<string, Relation>>()
  if (!Array.isArray(model.type_definitions) || model.type_definitions.length === 0) {
    throw new ConfigurationError('model.type_definitions', 'define at least one type')
  }
  for (const definition of model.type_definitions) {
    if (types.has(definition.type)) throw wrong(definition.type, 'define the type once')
    types.set(definition.type, compileType(definition))
  }
  const compiled = { id: modelId(model), types, conditions: new Map(Object.entries(model.conditions ?? {})) }
  for (const relations of types.values()) {
    for (const relation of relations.values()) {
      checkTakes(relation)
      for (const restriction of relation.restrictions) checkRestriction(compiled, relation, restriction)
      checkRewrite(compiled, relation, relation.rewrite)
    }
  }
  checkConditionNames(model.conditions ?? {})
  checkEntrypoints(compiled)
  return compiled
}

function checkSchema(model: AuthorizationModel): void {
  if (!['1.1', '1.2'].includes(model?.schema_version)) {
    throw new ConfigurationError('model.schema_version', "give a model of schema '1.1' or '1.2', in OpenFGA's JSON")
  }
}

function compileType({ type, relations = {}, metadata }: TypeDefinition): ReadonlyMap<string, Relation> {
  if (!TYPE_NAME.test(type) || RESERVED.includes(type)) {
    throw wrong(JSON.stringify(type), 'give the type another name: not self or this, no : # @ or blanks')
  }
  const rewrites = new Map(
    Object.entries(relations).map(([name, userset]) => [name, compileRewrite(userset, `${type}#${name}`)]),
  )
  const tuplesets = new Set([...rewrites.values()].flatMap(tuplesetsIn))
  const compiled = new Map<string, Relation>()
  for (const [name, rewrite] of rewrites) {
    if (!RELATION_NAME.test(name) || RESERVED.includes(name)) {
      throw wrong(`${type}#${name}`, 'give the relation another name: not self or this, no : # @ or blanks')
    }
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
  if (children === undefined) {
    throw wrong(label, 'rewrite it by one of this, computedUserset, tupleToUserset, union, intersection, difference')
  }
  if (children.length < 2) throw wrong(label, 'give its union or intersection two parts or more')
  return {
    kind: userset.union === undefined ? 'intersection' : 'union',
    children: children.map((child) => compileRewrite(child, label)),
  }
}

function tuplesetsIn(rewrite: Rewrite): readonly string[] {
  return [...partsOf(rewrite)].flatMap((part) => (part.kind === 'ttu' ? [part.tupleset] : []))
}

/** Checks restrictions: they belong to relations that take tuples, and every such relation has some. */
function checkTakes({ label, rewrite, restrictions }: Relation): void {
  const direct = [...partsOf(rewrite)].some(({ kind }) => kind === 'this')
  if (direct && restrictions.length === 0) throw wrong(label, 'say which types it takes')
  if (!direct && restrictions.length > 0) throw wrong(label, 'remove the types that it takes: it is computed')
}

function checkRestriction(model: CompiledModel, { label, isTupleset }: Relation, restriction: TypeRestriction) {
  const { type, relation, wildcard, condition } = restriction
  const relations = model.types.get(type)
  if (relations === undefined) throw wrong(label, `define the type ${JSON.stringify(type)} that it takes`)
  if (isTupleset && (relation !== undefined || wildcard !== undefined)) {
    throw wrong(label, "let it take objects alone: it is read 'from'")
  }
  if (relation !== undefined && !relations.has(relation)) {
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

function checkConditionNames(conditions: NonNullable<AuthorizationModel['conditions']>): void {
  for (const [key, { name }] of Object.entries(conditions)) {
    if (key !== name) throw wrong(`condition ${JSON.stringify(key)}`, `call it by the name ${JSON.stringify(name)}`)
  }
}
