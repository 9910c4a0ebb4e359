/** A value that JSON can carry without loss. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject

/** A plain JSON object. */
export interface JsonObject {
  /** Value of one member. */
  readonly [key: string]: Json
}
