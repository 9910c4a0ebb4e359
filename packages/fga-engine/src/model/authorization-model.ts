// An authorization model as OpenFGA writes it in JSON: the only names here that are not ours.

/** An authorization model in OpenFGA's JSON, schema 1.1 or 1.2: from `@openfga/syntax-transformer`, `fga`, or the API. */
export interface AuthorizationModel {
  /** Id of the model, a ULID. @default one made from the model's content */
  readonly id?: string
  /** Version of OpenFGA's modelling language: `1.1` or `1.2`. `createEngine` refuses any other. */
  readonly schema_version: string
  /** Types of the model, at least one, each with a unique name. */
  readonly type_definitions: readonly TypeDefinition[]
  /** The conditions that type restrictions name, by the condition's name. Absent: no tuple may have a condition. */
  readonly conditions?: Readonly<Record<string, ConditionDefinition>>
}

/** A type of objects or users, with its relations. */
export interface TypeDefinition {
  /** Name of the type: 1 to 254 characters without `:`, `#`, `@` and blanks, and not `self` or `this`. */
  readonly type: string
  /** Rewrites of the relations, by relation name (1 to 50 characters). Absent: the type has no relations. */
  readonly relations?: Readonly<Record<string, Userset>>
  /** Type restrictions by the relation's name. Absent or `null`: no relation of this type takes tuples. */
  readonly metadata?: {
    readonly relations?: Readonly<Record<string, RelationMetadata>>
  } | null
}

/** Users that tuples of a relation may name. */
export interface RelationMetadata {
  /** The allowed kinds of user. Required if the relation accepts tuples (`this`), refused if it is only computed. */
  readonly directly_related_user_types?: readonly TypeRestriction[]
}

/** `user`, `user:*`, `group#member`, each perhaps `with` a condition. */
export interface TypeRestriction {
  /** Type of the user, or of the user's object where `relation` is set. */
  readonly type: string
  /** Relation of a userset: `member` for `group#member`. Absent or empty: the user is an object. */
  readonly relation?: string
  /** An empty object if the user is `type:*`. Absent otherwise. */
  readonly wildcard?: object
  /** Empty: no condition. */
  readonly condition?: string
}

/** Rewrite of a relation. Exactly one field is set. */
export interface Userset {
  /** An empty object: the relation takes tuples. */
  readonly this?: object
  /** Another relation of the same object. */
  readonly computedUserset?: { readonly relation?: string }
  /** A relation (`computedUserset`) of the objects that tuples of another relation (`tupleset`) name. */
  readonly tupleToUserset?: {
    readonly tupleset: { readonly relation?: string }
    readonly computedUserset: { readonly relation?: string }
  }
  /** Users of any of two or more parts. */
  readonly union?: { readonly child: readonly Userset[] }
  /** Users of all of two or more parts. */
  readonly intersection?: { readonly child: readonly Userset[] }
  /** Users of `base` that are not users of `subtract`. */
  readonly difference?: { readonly base: Userset; readonly subtract: Userset }
}

/** A condition that a tuple may be under. */
export interface ConditionDefinition {
  /** Name of the condition. It equals the key in `conditions`. */
  readonly name: string
  /** CEL. */
  readonly expression: string
  /** Types of the parameters that the expression uses, by the parameter's name. */
  readonly parameters?: Readonly<Record<string, ParameterType>>
}

/** `TYPE_NAME_INT`, or `TYPE_NAME_LIST` and `TYPE_NAME_MAP` with the type of their items. */
export interface ParameterType {
  /**
   * Name of the type in OpenFGA's JSON. Scalars: `ANY`, `BOOL`, `STRING`, `INT`, `UINT`, `DOUBLE`, `DURATION`,
   * `TIMESTAMP` and `IPADDRESS`, each after `TYPE_NAME_`.
   */
  readonly type_name: string
  /** The type of the items: exactly one for a list or a map, absent or empty for every other type. */
  readonly generic_types?: readonly ParameterType[]
}
