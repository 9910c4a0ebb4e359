import { Readable } from 'node:stream'
import { describe, expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import {
  defineTool,
  type Guard,
  type Invocation,
  type Json,
  type Outcome,
  type Policy,
  policy,
} from '../../src/index.ts'

declare const guard: Guard
declare const invocation: Invocation

const schema = z.strictObject({ amount: z.number() })
const writes = policy(schema, { effect: 'write' })
const asks = policy(schema, { approval: { message: ({ input }) => `Pay ${input.amount}` } })
const reads = policy(schema, {})
const readsAloud = policy(schema, { effect: 'read' })

interface Order {
  readonly id: string
  readonly note?: string
  readonly lines: readonly { readonly symbol: string; readonly quantity: number | null }[]
  readonly next?: Order
}
class Money {
  readonly amount = 1
  format() {
    return `${this.amount}`
  }
}
declare const order: Order
declare const json: Json
declare const anything: ReturnType<typeof JSON.parse>
declare const unknown: unknown

describe('the result of a write', () => {
  test('plain JSON passes: interfaces, optional fields, unions, nothing at all', () => {
    expectTypeOf(guard.run(writes, invocation, () => order)).resolves.toEqualTypeOf<Outcome<Order>>()
    expectTypeOf(guard.run(asks, invocation, async () => ({ id: 'o-1' }))).resolves.toEqualTypeOf<
      Outcome<{ id: string }>
    >()
    guard.run(writes, invocation, () => json)
    guard.run(writes, invocation, (input) => (input.amount > 1 ? 'large' : null))
    guard.run(writes, invocation, () => {})
    guard.run(writes, invocation, async () => undefined)
    guard.run(writes, invocation, () => [1, 'two', { three: [true] }])
    guard.run(writes, invocation, () => z.object({ id: z.string(), note: z.string().optional() }).parse({}))
  })

  test('what has no type passes, and is looked at when the tool runs', () => {
    guard.run(writes, invocation, () => anything)
    guard.run(writes, invocation, () => unknown)
    guard.run(writes, invocation, async () => ({ body: unknown }))
    guard.run(writes as Policy, invocation, () => new Date())
  })

  test('streams pass: they are given once', () => {
    guard.run(writes, invocation, () => new ReadableStream<string>())
    guard.run(writes, invocation, () => Readable.toWeb(nodeStream))
    guard.run(writes, invocation, async function* () {
      yield 1
    })
  })

  test('a Date, Map, Set, bigint, Response, bytes, a function and a class with methods do not', () => {
    // @ts-expect-error a Date
    guard.run(writes, invocation, () => new Date())
    // @ts-expect-error within
    guard.run(asks, invocation, async () => ({ id: 'o-1', at: new Date() }))
    // @ts-expect-error a Map
    guard.run(writes, invocation, () => new Map([['a', 1]]))
    // @ts-expect-error a Set
    guard.run(writes, invocation, () => [new Set([1])])
    // @ts-expect-error a bigint
    guard.run(writes, invocation, () => ({ amount: 1n }))
    // @ts-expect-error a Response
    guard.run(writes, invocation, () => fetch('https://api.example'))
    // @ts-expect-error bytes
    guard.run(writes, invocation, () => new Uint8Array(1))
    // @ts-expect-error a function
    guard.run(writes, invocation, () => ({ again: () => 1 }))
    // @ts-expect-error an instance of a class
    guard.run(writes, invocation, () => new Money())
    // @ts-expect-error in one branch
    guard.run(writes, invocation, ({ amount }) => (amount > 1 ? { at: new Date() } : { id: 'o-1' }))
  })
})

declare const nodeStream: Readable

const rules = { name: 'export', description: 'Exports', input: schema } as const

describe('a result that is read after the call is refused, for a read as for a write', () => {
  test('a Node stream, a synchronous generator, an iterator, and an object with only an async iterator', () => {
    // @ts-expect-error a Node stream
    guard.run(writes, invocation, () => nodeStream)
    // @ts-expect-error a Node stream
    defineTool({ ...rules, effect: 'write', run: () => nodeStream })
    // @ts-expect-error of a read
    defineTool({ ...rules, run: async () => nodeStream })
    defineTool({
      ...rules,
      // @ts-expect-error a synchronous generator
      *run() {
        yield 1
      },
    })
    // @ts-expect-error an iterator
    defineTool({ ...rules, run: () => new Map([['a', 1]]).values() })
    // @ts-expect-error an object with only an async iterator
    defineTool({ ...rules, run: () => ({ [Symbol.asyncIterator]: () => nodeStream[Symbol.asyncIterator]() }) })
    // @ts-expect-error in one branch
    defineTool({ ...rules, run: ({ amount }) => (amount > 1 ? nodeStream : { id: 'o-1' }) })
  })

  test('generators, web streams, collections and results of an unknown type pass', () => {
    defineTool({
      ...rules,
      async *run() {
        yield 1
      },
    })
    defineTool({ ...rules, run: () => new Response('x').body })
    defineTool({ ...rules, run: () => Readable.toWeb(nodeStream) })
    defineTool({ ...rules, run: () => [new Map([['a', 1]]), new Set([1]), new Uint8Array(1)] })
    defineTool({ ...rules, run: () => new Map([['a', 1]]) })
    defineTool({ ...rules, run: () => new Uint8Array(1) })
    defineTool({ ...rules, run: () => anything })
    defineTool({ ...rules, run: () => unknown })
    defineTool({ ...rules, run: ({ amount }) => (amount > 1 ? { id: 'o-1' } : null) })
    defineTool({
      ...rules,
      run: () => {
        throw new Error('no')
      },
    })
  })
})

test('a function with a type parameter for the result of a read compiles', () => {
  const timed = <Result>(body: () => Promise<Result>) => guard.run(reads, invocation, body)
  expectTypeOf(timed(async () => 'x')).resolves.toEqualTypeOf<Outcome<string>>()
})

test('the result of a read may be anything', () => {
  expectTypeOf(guard.run(reads, invocation, () => new Date())).resolves.toEqualTypeOf<Outcome<Date>>()
  guard.run(readsAloud, invocation, () => fetch('https://api.example'))
})

test('a policy of either effect fits where its effect is not asked for', () => {
  expectTypeOf(writes).toExtend<Policy<{ amount: number }>>()
  expectTypeOf(asks).toExtend<Policy<{ amount: number }>>()
  expectTypeOf(reads).toExtend<Policy<{ amount: number }>>()
  expectTypeOf(asks).toEqualTypeOf<typeof writes>()
})
