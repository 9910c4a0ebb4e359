/** A relationship: `user` has `relation` to `object`. */
export interface TupleKey {
  /** `user:ann`, `user:*` or `group:staff#member` */
  readonly user: string
  /** Name of a relation of the object's type, such as `viewer`. */
  readonly relation: string
  /** `document:1` */
  readonly object: string
}

/** A relationship, perhaps under a condition. */
export interface Tuple extends TupleKey {
  /** The condition under which the relationship holds. Absent: it holds always. */
  readonly condition?: TupleCondition
}

/** The condition of one tuple. */
export interface TupleCondition {
  /** Name of a condition of the model. */
  readonly name: string
  /** Parameters that are fixed by the tuple. They win over those of a request. */
  readonly context?: Readonly<Record<string, unknown>>
}

/** Returns one text for a tuple's key, in OpenFGA's notation; conditions do not count. */
export const tupleText = ({ user, relation, object }: TupleKey): string => `${object}#${relation}@${user}`
