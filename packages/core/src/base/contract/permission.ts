declare const fgaObject: unique symbol
declare const modelWritten: unique symbol

/** An OpenFGA object name, made by `object(type, id)` only: a plain string does not compile. */
export type FgaObject = string & { readonly [fgaObject]: true }

/**
 * Marks the input of a permission rule, for the compiler alone: a model wrote it, so it must not become
 * `context` as a whole, spread or not. Nothing carries the mark at run time.
 */
export interface ModelWritten {
  /** Exists for the compiler only. */
  readonly [modelWritten]?: true
}

/** Parsed input as a permission rule gets it. The rule may read its fields, and must name each one. */
export type PermissionInput<Input> = Input extends object ? Input & ModelWritten : Input

/** Relation that both the user and the agent must have to an object. Made by `may(relation, object)`. */
export interface Permission {
  /** Relation that the caller must have, as the authorization model names it. */
  readonly relation: string
  /** Object to which the relation must hold. */
  readonly object: FgaObject
  /** Facts for conditions, field by field. `now` is added by the checker and cannot be set here. */
  readonly context?: Readonly<Record<string, ContextValue>> & {
    readonly now?: never
    readonly [modelWritten]?: never
  }
}

/** A single fact. Objects are refused, so that a whole input cannot become the context by mistake. */
export type ContextValue = string | number | boolean | readonly string[]
