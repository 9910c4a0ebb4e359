import type { Json } from './json.ts'
import type { Effect } from './policy.ts'

/**
 * `Result` if all of it can be stored as JSON and repeated; else `never` at each place that cannot.
 *
 * Interfaces, optional fields, `unknown` and `any` pass; `unknown` and `any` are checked when the tool runs. A
 * function, a `bigint`, a symbol and every object with a method (`Date`, `Map`, `Response`) do not pass.
 */
export type Jsonable<Result> = unknown extends Result
  ? Result
  : Result extends Json | undefined
    ? Result
    : Result extends bigint | symbol | ((...args: never) => unknown)
      ? never
      : { readonly [Key in keyof Result]: Key extends symbol ? Result[Key] : Jsonable<Result[Key]> }

/** Type that a compiler error shows for a result that cannot be stored. */
export interface NotJson {
  /** Member whose name is the compiler's message. */
  readonly 'the result of a write must be plain JSON, since it is stored and returned again': never
}

/** Type that a body may return under a policy of this effect. Only a write stores its result. */
export type ResultFor<Effects extends Effect, Result> = [Effects] extends ['write']
  ? // biome-ignore lint/suspicious/noConfusingVoidType: a body that returns nothing has this type.
    [Result] extends [AsyncGenerator<unknown, unknown, never> | ReadableStream<unknown> | Jsonable<Result> | void]
    ? unknown
    : NotJson
  : unknown
