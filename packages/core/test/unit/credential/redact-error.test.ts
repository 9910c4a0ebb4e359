import { verifies } from '@behalf/testing/requirements'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { redactError, redactTokens, Token } from '../../../src/credential/index.ts'
import { printed } from './printed.ts'

const SECRET = 'an-access-token.of-40.characters_in-length'
const clean = (thrown: unknown) => redactError(thrown, [new Token(SECRET)])
const FIXED = 'the tool failed; its error is not shown, since it cannot be searched for tokens'

const deep = (levels: number, end: unknown) =>
  Array.from({ length: levels }).reduce<unknown>((inner) => ({ inner }), end)
class Wrapper {
  readonly token = SECRET
}
class Computed extends Error {
  get header() {
    return `Bearer ${SECRET}`
  }
}
let flips = 0

describe(verifies('E6', 'no shape of a thrown value carries a token out (E4, E6)'), () => {
  test.each<[string, () => unknown]>([
    ['a text', () => `Bearer ${SECRET}`],
    ['a DOMException', () => new DOMException(`Bearer ${SECRET}`, 'DataError')],
    ['a DOMException whose name has it', () => new DOMException('no', SECRET)],
    ['a cause', () => new Error('x', { cause: new DOMException(SECRET) })],
    ['an AggregateError', () => new AggregateError([new Error(SECRET)])],
    [
      'an AggregateError of 20,000',
      () => new AggregateError([...Array.from({ length: 20_000 }, () => new Error('x')), new Error(SECRET)]),
    ],
    ['an object without a prototype', () => Object.assign(Object.create(null), { error: new Error(SECRET) })],
    ['a text in an object of its own', () => Object.assign(new Error('x'), { detail: new String(SECRET) })],
    ['a symbol in an object of its own', () => Object.assign(new Error('x'), { detail: Object(Symbol(SECRET)) })],
    ['a property of a function', () => Object.assign(new Error('x'), { retry: Object.assign(() => {}, { SECRET }) })],
    ['a function that was thrown', () => Object.assign(() => {}, { header: `Bearer ${SECRET}` })],
    ['a class', () => Object.assign(new Error('x'), { kind: Object.assign(class {}, { token: SECRET }) })],
    ['an iterator of a map', () => Object.assign(new Error('x'), { left: new Map([['token', SECRET]]).entries() })],
    ['an iterator of a set', () => Object.assign(new Error('x'), { left: new Set([SECRET]).values() })],
    [
      'the words of a status',
      () => Object.assign(new Error('x'), { response: new Response('', { statusText: SECRET }) }),
    ],
    ['a getter', () => Object.defineProperty(new Error('x'), 'header', { get: () => SECRET, configurable: true })],
    ['a getter that cannot be changed', () => Object.defineProperty(new Error('x'), 'header', { get: () => SECRET })],
    ['a getter of its class', () => new Computed('x')],
    [
      'a getter in a value',
      () => ({
        get token() {
          return SECRET
        },
      }),
    ],
    [
      'a getter that gives it the second time only',
      () =>
        Object.defineProperty(new Error('x'), 'flips', {
          get: () => (flips++ % 3 === 2 ? SECRET : 'x'),
          configurable: true,
        }),
    ],
    ['reasons of Promise.allSettled', () => [{ status: 'rejected', reason: new Error(SECRET) }]],
    ['JSON that nests 100 levels deep', () => Object.assign(new Error('x'), { body: deep(100, SECRET) })],
    ['JSON that nests 3,000 levels deep', () => Object.assign(new Error('x'), { body: deep(3_000, SECRET) })],
    [
      '300 causes',
      () => Array.from({ length: 300 }).reduce<Error>((cause) => new Error('x', { cause }), new Error(SECRET)),
    ],
    ['a text after two million characters', () => new Error('x'.repeat(2_000_000) + SECRET)],
    ['a key', () => Object.assign(new Error('x'), { headers: { [SECRET]: 1 } })],
    ['a key of the error', () => Object.assign(new Error('x'), { [SECRET]: 1 })],
    ['a symbol', () => Object.assign(new Error('x'), { [Symbol(SECRET)]: 1 })],
    [
      'a hidden property',
      () => Object.defineProperty(new Error('x'), 'config', { value: { token: SECRET }, enumerable: false }),
    ],
    ['a frozen error', () => Object.freeze(new Error(SECRET))],
    ['an instance of a class', () => Object.assign(new Error('x'), { wrapper: new Wrapper() })],
    ['a thrown instance of a class', () => new Wrapper()],
    ['a Map', () => new Error('x', { cause: new Map([['authorization', SECRET]]) })],
    ['a Set', () => new Error('x', { cause: new Set([SECRET]) })],
    ['Headers', () => new Error('x', { cause: new Headers({ authorization: SECRET }) })],
    [
      'a Request',
      () => new Error('x', { cause: new Request('https://a.example', { headers: { authorization: SECRET } }) }),
    ],
    ['a URL', () => new Error('x', { cause: new URL(`https://a.example/?access_token=${SECRET}`) })],
    ['bytes', () => new Error('x', { cause: new TextEncoder().encode(SECRET) })],
    ['a promise', () => new Error('x', { cause: Promise.resolve(SECRET) })],
    [
      'a value that holds itself',
      () => {
        const error: Error & { self?: unknown } = new Error('x')
        error.self = { error, token: SECRET, list: [error] }
        return error
      },
    ],
    [
      'a proxy that refuses',
      () =>
        new Proxy(new Error(SECRET), {
          ownKeys: () => {
            throw new Error('no')
          },
        }),
    ],
  ])('%s', (_, shape) => {
    const thrown = clean(shape())
    expect(printed(thrown)).not.toContain(SECRET)
    expect(printed(thrown)).not.toContain(SECRET)
  })

  test('a DOMException stays one, with its name', () => {
    const thrown = clean(new DOMException(`no: ${SECRET}`, 'DataError'))
    expect(thrown).toBeInstanceOf(DOMException)
    expect(thrown).toMatchObject({ name: 'DataError', message: 'no: [token]' })
  })

  test(verifies('E6', 'where tokens cannot be looked for, the error is a fixed one'), () => {
    expect(clean(new Error('x'.repeat(2_000_000)))).toMatchObject({ message: FIXED })
    expect(clean(Object.assign(new Error('x'), { body: deep(3_000, 1) }))).toMatchObject({ message: FIXED })
  })

  test.each<[string, () => object]>([
    ['bytes', () => Buffer.alloc(16_000_000, 'a')],
    ['bytes without a view', () => new ArrayBuffer(16_000_000)],
    ['a text object', () => new String('a'.repeat(16_000_000))],
  ])(verifies('E6', 'an error with 16 MB of %s is replaced before any of it is read or listed'), (_, made) => {
    const data = made()
    const before = performance.now()
    expect(clean(Object.assign(new Error('x'), { response: { data } }))).toMatchObject({ message: FIXED })
    // A list of the keys takes more than two seconds on a fast machine, and the search itself less than a millisecond.
    expect(performance.now() - before).toBeLessThan(1_000)
  })
})

describe('an error without a token is left alone', () => {
  class NotFound extends Error {
    readonly status = 404
    readonly response = new Response('no', { status: 404 })
    readonly at = new Date(0)
    readonly map = new Map([['a', 1]])
  }

  test(verifies('E6', 'as the same object, with what it holds'), () => {
    const error = new NotFound('no such order', { cause: { list: [1, { a: null }] } })
    const { response, cause } = error
    expect(clean(error)).toBe(error)
    expect(error.response).toBe(response)
    expect(error.cause).toBe(cause)
    const aborted = AbortSignal.abort().reason
    expect(clean(aborted)).toBe(aborted)
  })

  test('and one with a token stays the body’s own object', () => {
    const error = new NotFound(`no: ${SECRET}`, { cause: { header: SECRET } })
    expect(clean(error)).toBe(error)
    expect(error).toMatchObject({ message: 'no: [token]', status: 404, cause: { header: '[token]' } })
    expect(error.stack).toContain('no: [token]')
  })

  test('however it throws when it is read, redaction does not', () => {
    const broken = Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error(SECRET)
      },
    })
    expect(clean(broken)).toMatchObject({ message: FIXED })
  })
})

test('errors in a result are cleaned as thrown ones are', async () => {
  const settled = await Promise.allSettled([1, Promise.reject(new Error(SECRET))])
  const result = redactTokens({ settled, deep: deep(500, SECRET) }, [new Token(SECRET)])
  expect(printed(result)).not.toContain(SECRET)
  expect(result.settled[0]).toEqual({ status: 'fulfilled', value: 1 })
  expect(result.settled[1]).toMatchObject({ status: 'rejected', reason: { message: '[token]' } })
})

test(verifies('E6', 'whatever is built of errors, plain values and instances: no token comes out'), () => {
  const shape = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom<unknown>(SECRET, `Bearer ${SECRET}`, 'x', 1, null, undefined, Symbol(SECRET), 5n),
      fc.constantFrom('x', SECRET).map((text) => new DOMException(text)),
      tie('node').map((cause) => new Error('x', { cause })),
      fc.array(tie('node'), { maxLength: 4 }).map((errors) => new AggregateError(errors, SECRET)),
      fc.array(tie('node'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom('a', 'b', SECRET, '__proto__'), tie('node'), { maxKeys: 3 }),
      tie('node').map((value) => Object.assign(Object.create(null), { value })),
      tie('node').map((value) =>
        Object.defineProperty(new Error('x'), 'field', { get: () => value, configurable: true }),
      ),
      tie('node').map((value) => Object.freeze(Object.assign(new Error(SECRET), { value }))),
      tie('node').map((value) => new Map([['k', value]])),
      tie('node').map((value) => ({
        get value() {
          return value
        },
      })),
    ),
  })).node
  fc.assert(
    fc.property(shape, (thrown) => {
      const out = clean(thrown)
      if (typeof out !== 'symbol') expect(printed(out)).not.toContain(SECRET)
      else expect(String(out)).not.toContain(SECRET)
    }),
    { numRuns: 1_000 },
  )
})
