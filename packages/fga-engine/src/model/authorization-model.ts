// An authorization model as OpenFGA writes it in JSON: the only names here that are not ours.

/** An authorization model in OpenFGA's JSON, schema 1.1 or 1.2: from `@openfga/syntax-transformer`, `fga`, or the API. */
export interface AuthorizationModel {
  /** A ULID. @default one that is made from the model's content */
  readonly id?: string
  readonly schema_version: string
  readonly type_definitions: readonly TypeDefinition[]
  readonly conditions?: Readonly<Record<string, ConditionDefinition>>
}

export interface TypeDefinition {
  readonly type: string
  readonly relations?: Readonly<Record<string, Userset>>
  readonly metadata?: {
    readonly relations?: Readonly<Record<string, RelationMetadata>>
  } | null
}

export interface RelationMetadata {
  readonly directly_related_user_types?: readonly TypeRestriction[]
}

/** `user`, `user:*`, `group#member`, each perhaps `with` a condition. */
export interface TypeRestriction {
  readonly type: string
  readonly relation?: string
  readonly wildcard?: object
  /** Empty: none. */
  readonly condition?: string
}

/** How a relation is rewritten. Exactly one field is set. */
export interface Userset {
  readonly this?: object
  readonly computedUserset?: { readonly relation?: string }
  readonly tupleToUserset?: {
    readonly tupleset: { readonly relation?: string }
    readonly computedUserset: { readonly relation?: string }
  }
  readonly union?: { readonly child: readonly Userset[] }
  readonly intersection?: { readonly child: readonly Userset[] }
  readonly difference?: { readonly base: Userset; readonly subtract: Userset }
}

export interface ConditionDefinition {
  readonly name: string
  /** CEL. */
  readonly expression: string
  readonly parameters?: Readonly<Record<string, ParameterType>>
}

/** `TYPE_NAME_INT`, or `TYPE_NAME_LIST` and `TYPE_NAME_MAP` with the type of their items. */
export interface ParameterType {
  readonly type_name: string
  readonly generic_types?: readonly ParameterType[]
}
