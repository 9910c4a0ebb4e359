import type { Effect } from './policy.ts'

/** A value that JSON can carry without loss. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject

/** A plain JSON object. */
export interface JsonObject {
  /** Value of one member. */
  readonly [key: string]: Json
}

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

/**
 * A result whose call lasts until it is read: an async generator or a `ReadableStream`, whose type in Node.js is not that
 * of the DOM.
 */
export type HeldResult = AsyncGenerator<unknown, unknown, never> | { getReader(): object; cancel(): Promise<void> }

/** Type that a body may return under a policy of this effect. Only a write stores its result. */
export type ResultFor<Effects extends Effect, Result> = [Effects] extends ['write']
  ? // biome-ignore lint/suspicious/noConfusingVoidType: a body that returns nothing has this type.
    [Result] extends [HeldResult | Jsonable<Result> | void]
    ? unknown
    : NotJson
  : unknown

/**
 * Type that the body of a tool may return: nothing that is read after the call, such as a Node.js stream, an iterator or
 * another async iterable. Arrays, maps and sets pass.
 */
export type ReadInCall<Result> = unknown extends Result
  ? unknown
  : [
        Extract<
          Exclude<Result, HeldResult>,
          AsyncIterable<unknown> | (Iterable<unknown> & Iterator<unknown, unknown, never>)
        >,
      ] extends [never]
    ? unknown
    : 'the result is read after the call: return an async generator or a ReadableStream, such as Readable.toWeb(stream)'
