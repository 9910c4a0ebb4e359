import { inspect } from 'node:util'
import { runInNewContext } from 'node:vm'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test, vi } from 'vitest'
import { redactError, redactTokens, Token } from '../../../src/credential/index.ts'
import { printed } from './printed.ts'

const SECRET = 'an-access-token.of-40.characters_in-length'
const clean = (thrown: unknown) => redactError(thrown, [new Token(SECRET)])
const FIXED = 'the tool failed; its error is not shown, since it cannot be searched for tokens'

class Private {
  readonly #token = SECRET
  get length() {
    return this.#token.length
  }
}
/** A class whose instances hold the token in a private field, and show it by one member. */
const showsBy = (name: PropertyKey, member: (token: string) => unknown): object =>
  Object.defineProperty(new (class extends Private {})(), name, { value: () => member(SECRET) })
class OwnJson extends Error {
  readonly #token = SECRET
  toJSON() {
    return { request: { headers: [`Bearer ${this.#token}`] } }
  }
}
class OwnPrint extends Error {
  [inspect.custom](_depth: number, options: object) {
    return `OwnPrint ${inspect({ a: { b: { c: { d: this.#token } } } }, options)}`
  }
  readonly #token = SECRET
}
class PrintsParts extends Error {
  [inspect.custom](depth: number, options: object, print: typeof inspect) {
    return print({ depth, token: this.#token }, options)
  }
  readonly #token = SECRET
}
class Plain extends Error {
  toJSON() {
    return { message: this.message }
  }
}
class Getter {
  readonly #token = SECRET
  get authorization() {
    return this.#token
  }
}
class Subclass extends Getter {}
class Tagged extends Private {
  get [Symbol.toStringTag]() {
    return SECRET
  }
}
class Throws {
  get socket(): never {
    throw new Error(`closed: ${SECRET}`)
  }
}
/** A set whose `entries` shows nothing. Printers read its values otherwise. */
class Hiding extends Set<unknown> {
  override entries() {
    return new Set<unknown>().entries()
  }
}
const raise = (message: string): never => {
  throw new Error(message)
}
const requestOf = (request: unknown) => Object.assign(new Error('x'), { request })

describe(verifies('E6', 'what a value shows by its own methods is searched'), () => {
  test.each<[string, () => unknown]>([
    ['a toJSON', () => new OwnJson('x')],
    ['a toJSON of a cause', () => new Error('x', { cause: { error: new OwnJson('x') } })],
    ['a toJSON in a list of errors', () => new AggregateError([new OwnJson('x')])],
    ['a toJSON of a plain value', () => requestOf({ toJSON: () => ({ token: SECRET }) })],
    ['a toJSON that throws it', () => requestOf(showsBy('toJSON', (token) => raise(token)))],
    ['a custom inspect', () => new OwnPrint('x')],
    ['a custom inspect that prints parts', () => new PrintsParts('x')],
    ['a request with a toJSON', () => requestOf(showsBy('toJSON', (token) => ({ token })))],
    ['a request with a custom inspect', () => requestOf(showsBy(inspect.custom, (token) => token))],
    ['a request that is an error with a toJSON', () => requestOf(new OwnJson('x'))],
    ['a request with a text', () => requestOf(showsBy('toString', (token) => token))],
    ['a request with a value', () => requestOf(showsBy('valueOf', (token) => token))],
    ['a request with a primitive', () => requestOf(showsBy(Symbol.toPrimitive, (token) => token))],
    ['a request with a tag', () => requestOf(new Tagged())],
    ['a request whose class computes it', () => requestOf(new Subclass())],
    ['a request whose getter throws it', () => requestOf(new Throws())],
    ['an error with a text', () => Object.assign(new Error('x'), { toString: () => SECRET })],
    ['the reason of a signal', () => requestOf(AbortSignal.abort(new Error(SECRET)))],
    ['a stream with a field', () => requestOf(Object.assign(new ReadableStream(), { token: SECRET }))],
    ['bytes with a field', () => requestOf(Object.assign(new Uint8Array(2), { token: SECRET }))],
    [
      'a map of another realm',
      () => runInNewContext('Object.assign(new Error(), { map: new Map([[1, t]]) })', { t: SECRET }),
    ],
    ['an object of another realm', () => runInNewContext('Object.assign(new Error(), { own: { t } })', { t: SECRET })],
    ['a set that hides its entries', () => requestOf(new Hiding([SECRET]))],
    [
      'a value with the tag of a stream',
      () => requestOf({ [Symbol.toStringTag]: 'HttpStream', [Symbol('own')]: SECRET }),
    ],
    [
      'an instance with the tag of a stream',
      () =>
        requestOf(
          Object.assign(
            new (class {
              [Symbol.toStringTag] = 'HttpStream'
            })(),
            { [Symbol('own')]: SECRET },
          ),
        ),
    ],
    ['a WeakSet', () => requestOf(new WeakSet([new Getter()]))],
    ['a WeakMap', () => requestOf(new WeakMap([[new Getter(), 1]]))],
  ])('%s carries no token out', (_, shape) => {
    expect(printed(clean(shape()))).not.toContain(SECRET)
  })

  test('a small error whose methods show no token stays as it is', () => {
    const error = new Plain('x')
    expect(clean(error)).toBe(error)
    expect(JSON.stringify(error)).toBe('{"message":"x"}')
  })
})

describe('an error stays the same object', () => {
  class NotFound extends Error {
    readonly status = 404
  }
  class Described extends NotFound {
    readonly config = { headers: { authorization: `Bearer ${SECRET}` } }
    // An arrow function in a copy of the object: each call of it makes another one.
    readonly toJSON = (): object => ({ ...this, message: this.message })
    override toString() {
      return `${this.name}: ${this.config.headers.authorization}`
    }
  }

  test(verifies('E6', 'what shows the token by its own methods only until it is cleaned stays the same object'), () => {
    const error = new Described(`no: ${SECRET}`)
    expect(clean(error)).toBe(error)
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({
      message: 'no: [token]',
      config: { headers: { authorization: 'Bearer [token]' } },
    })
    expect(String(error)).toBe('Error: Bearer [token]')
  })

  test('and so is an error that holds instances with getters, methods and streams, as HTTP clients throw them', () => {
    const client = Object.defineProperty(new (class Client {})(), 'settings', {
      value: Object.defineProperty({}, 'lazy', { get: () => ({ timeout: 1 }), enumerable: true }),
    })
    const request = new Request('https://a.example', { method: 'POST', body: 'x', signal: AbortSignal.abort() })
    const error = Object.assign(new NotFound('no'), { client, request, body: new TransformStream() })
    expect(clean(error)).toBe(error)
    expect(error.client).toBe(client)
  })

  test('of another realm too', () => {
    const error = runInNewContext('Object.assign(new Error("x"), { map: new Map([[1, {}]]), list: [() => 1] })')
    expect(clean(error)).toBe(error)
  })

  test('no rejection of one of its methods stays unhandled', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const error = Object.assign(new Error('x'), { toString: () => Promise.reject(new Error('no')) })
    expect(clean(error)).toMatchObject({ message: FIXED })
    await new Promise(setImmediate)
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })
})

describe(verifies('E4', 'errors in a result'), () => {
  const redacted = async (...reasons: readonly unknown[]) =>
    redactTokens(await Promise.allSettled(reasons.map((reason) => Promise.reject(reason))), [new Token(SECRET)])

  test.each<[string, () => unknown]>([
    ['a toJSON', () => new OwnJson('x')],
    ['a custom inspect', () => new OwnPrint('x')],
    ['a request with a custom inspect', () => requestOf(showsBy(inspect.custom, (token) => token))],
    ['an error of another realm', () => runInNewContext('new Error(t)', { t: SECRET })],
  ])('carry no token out by %s', async (_, shape) => {
    expect(printed(await redacted(shape()))).not.toContain(SECRET)
  })

  test('share one budget, and what they share is searched once', async () => {
    let reads = 0
    const request = Object.defineProperty({}, 'url', { get: () => `https://a.example/${++reads}`, enumerable: true })
    const response = Object.assign(new Map([['request', request]]), { body: 'x'.repeat(40_000) })
    const results = await redacted(...Array.from({ length: 300 }, () => Object.assign(new Error(SECRET), { response })))
    expect(results.map((result) => (result as PromiseRejectedResult).reason.message)).toEqual(
      Array.from({ length: 300 }, () => '[token]'),
    )
    expect(reads).toBeLessThan(10)
  })

  test('are replaced once their budget is gone', async () => {
    const large = () => Object.assign(new Error(SECRET), { body: 'x'.repeat(1_000_000) })
    const results = await redacted(large(), large(), large(), large(), new Error('small'))
    const messages = results.map((result) => (result as PromiseRejectedResult).reason.message)
    expect(messages[0]).toBe('[token]')
    expect(messages[4]).toBe(FIXED)
  })
})

test('the search of an error reads each instance in it a few times, however many refer to it', () => {
  let reads = 0
  const instances: object[] = Array.from({ length: 500 }, () => {
    const instance = Object.assign(new (class Peer {})(), { others: undefined as unknown })
    return Object.defineProperty(instance, 'name', { get: () => `peer ${++reads}`, enumerable: true })
  })
  for (const instance of instances) Object.assign(instance, { others: instances })
  const error = Object.assign(new Error(SECRET), { instances })
  expect(clean(error)).toBe(error)
  expect(error.message).toBe('[token]')
  expect(reads).toBeLessThan(10 * instances.length)
})

test.each<[string, () => unknown]>([
  ['a map', () => new Map(Array.from({ length: 200_000 }, (_, index) => [index, index]))],
  ['a set', () => new Set(Array.from({ length: 200_000 }, (_, index) => index))],
  ['a list', () => Array.from({ length: 200_000 }, (_, index) => index)],
  ['an object', () => Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [index, index]))],
])('an error with 200,000 numbers in %s is replaced: the search is bounded by the number of members', (_, shape) => {
  expect(clean(requestOf(shape()))).toMatchObject({ message: FIXED })
})

test('an error whose primitive shows the token where a text is added to it is replaced', () => {
  const error = Object.assign(new Error('x'), {
    [Symbol.toPrimitive]: (hint: string) => (hint === 'default' ? SECRET : 'x'),
  })
  // biome-ignore lint/style/useTemplate: it asks for another primitive.
  expect((clean(error) as string) + '').not.toContain(SECRET)
})
