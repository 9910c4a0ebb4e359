import type { ConditionDefinition, TypeRestriction } from './authorization-model.ts'

/** A rewrite, as the evaluator walks it. */
export type Rewrite =
  | { readonly kind: 'this' }
  | { readonly kind: 'computed'; readonly relation: string }
  | { readonly kind: 'ttu'; readonly tupleset: string; readonly computed: string }
  | { readonly kind: 'union'; readonly children: readonly Rewrite[] }
  | { readonly kind: 'intersection'; readonly children: readonly Rewrite[] }
  | { readonly kind: 'exclusion'; readonly base: Rewrite; readonly subtract: Rewrite }

/** A relation of a type. */
export interface Relation {
  /** `document#viewer` */
  readonly label: string
  readonly type: string
  readonly name: string
  readonly rewrite: Rewrite
  /** Users that tuples of this relation may name. */
  readonly restrictions: readonly TypeRestriction[]
  /** The same restrictions by form: `user` and `group#member`, types of `user:*`, and whether there are usersets. */
  readonly takes: {
    readonly labels: ReadonlySet<string>
    readonly wildcards: ReadonlySet<string>
    readonly usersets: boolean
  }
  /** True if a relation reads `… from` this one. */
  readonly isTupleset: boolean
}

/** A model with its names resolved. Names are in maps, so that `constructor` is no relation. */
export interface CompiledModel {
  readonly id: string
  readonly types: ReadonlyMap<string, ReadonlyMap<string, Relation>>
  readonly conditions: ReadonlyMap<string, ConditionDefinition>
}

/** @returns `undefined` where the type or its relation does not exist */
export function relationOf(model: CompiledModel, type: string, relation: string): Relation | undefined {
  return model.types.get(type)?.get(relation)
}
