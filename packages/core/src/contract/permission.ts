declare const fgaObject: unique symbol

/** An OpenFGA object name, made by `object(type, id)` only: a plain string does not compile. */
export type FgaObject = string & { readonly [fgaObject]: true }

/** What the user and the agent must both be allowed to do. Made by `may(relation, object)`. */
export interface Permission {
  readonly relation: string
  readonly object: FgaObject
  /** Facts for conditions, field by field. `now` is added by the checker and cannot be set here. */
  readonly context?: Readonly<Record<string, ContextValue>> & { readonly now?: never }
}

/** A single fact. Objects are not taken, so that an input cannot become the context as a whole by mistake. */
export type ContextValue = string | number | boolean | readonly string[]
