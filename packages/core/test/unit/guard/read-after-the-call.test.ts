import { on } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { Policy } from '../../../src/index.ts'
import { rejection } from '../oauth/mock-issuer.ts'
import { api, type Body, blind, writes as mails } from './in-doubt-world.ts'
import { reads, smallWorld } from './small-world.ts'

type Send = () => Promise<string>

async function* sending(send: Send) {
  yield `paid: ${await send()}`
}

/** Results whose reader would send a request for each piece. */
const readLater: readonly (readonly [string, (send: Send) => unknown])[] = [
  ['a Node stream', (send) => Readable.from(sending(send))],
  ['a Node stream that is written to', () => new PassThrough()],
  [
    'a synchronous generator',
    (send) =>
      (function* () {
        yield send()
      })(),
  ],
  ['an iterator', (send) => ({ next: send, [Symbol.iterator]: () => [][Symbol.iterator]() })],
  ['the iterator of a map', () => new Map([['a', 1]]).values()],
  ['an object with only an async iterator', (send) => ({ [Symbol.asyncIterator]: () => sending(send) })],
  ['an async iterator that takes no errors', (send) => ({ next: send, [Symbol.asyncIterator]: () => sending(send) })],
]

const remedy = /read after its call: return an array, an async generator or Readable\.toWeb\(stream\)/

/** Returns a body that first pays, if it `pays`, and returns a result that would send more. */
const body =
  (make: (send: Send) => unknown, pays: boolean): Body =>
  async (_, { access }) => {
    const send = async () => (await access.mail.fetch('https://mail.example/pay', { method: 'POST' })).text()
    if (pays) await send()
    return make(send)
  }

describe.each(readLater)('%s, which is read after its call', (_, make) => {
  test('is refused at once as the result of a read, with the remedy', async () => {
    const { guard, call, events } = smallWorld()
    const error = await rejection(guard().run(reads, call(), () => make(async () => 'x')))
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toMatch(remedy)
    expect(events.map((event) => event.type === 'call' && event.status)).toEqual(['threw'])
  })

  test('is refused as the result of a write that acted, whose run stays in doubt', async () => {
    const { run, sent } = api()
    expect(await run(mails, 'one', body(make, true))).toMatchObject({ message: expect.stringMatching(remedy) })
    for (const slot of ['one', 'two']) {
      expect(await run(mails, slot, () => 'again')).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
    }
    expect(sent).toEqual(['POST'])
  })

  test('is refused as the result of a write of which the guard saw nothing, and its run stays in doubt', async () => {
    const { run } = api()
    expect(await run(blind, 'one', () => make(async () => 'x'))).toMatchObject({ name: 'TypeError' })
    expect(await run(blind, 'one', () => 'again')).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
  })
})

describe('a result that is read piece by piece while its call lasts', () => {
  // Without the effect in its type: the compiler sees no result.
  const anyMails = mails as Policy

  test.each<readonly [string, (send: Send) => unknown]>([
    ['a web stream of a Node stream', (send) => Readable.toWeb(Readable.from(sending(send)))],
    ['an async generator', sending],
    ['an async generator that a compiler made', (send) => compiled(sending(send))],
    ['an async generator over a Node stream', (send) => over(Readable.from(sending(send)))],
  ])('%s sends while it is read, and its run ends with it', async (_, make) => {
    const { guard, call, run, sent } = api()
    const outcome = await guard.run(anyMails, call({ slot: 'one' }), body(make, false) as never)
    expect(await run(mails, 'two', () => 'early')).toMatchObject({ status: 'unavailable' })
    const pieces: unknown[] = []
    if (outcome.status === 'done')
      for await (const piece of outcome.result as AsyncIterable<unknown>) pieces.push(piece)
    expect([pieces, sent]).toEqual([['paid: '], ['POST']])
    expect(await run(mails, 'two', () => 'later')).toMatchObject({ status: 'done' })
  })

  test('events of an emitter end when their reader leaves', async () => {
    const { guard, call } = smallWorld()
    const emitter = new EventTarget()
    const outcome = await guard().run(reads, call(), () => on(emitter, 'tick'))
    if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
    const next = outcome.result.next()
    setTimeout(() => emitter.dispatchEvent(new Event('tick')))
    expect(await next).toMatchObject({ done: false, value: [{ type: 'tick' }] })
    expect(await outcome.result.return?.()).toMatchObject({ done: true })
  })
})

test.each([
  ['an array', [1, 2]],
  ['an array with a cursor', Object.assign([1], { next: 'cursor' })],
  ['a map', new Map([['a', 1]])],
  ['a set', new Set([1])],
  ['bytes', new Uint8Array(2)],
  ['a buffer', Buffer.from('x')],
  ['a text', 'text'],
  ['search parameters', new URLSearchParams('a=1')],
  ['a page that names the next one', { items: [], next: '/2' }],
])('%s is a value, and no flow', async (_, value) => {
  const { guard, call } = smallWorld()
  expect(await guard().run(reads, call(), () => value)).toMatchObject({ status: 'done', result: value })
})

/** An async generator as compilers make it for runtimes without: an object with its methods. */
function compiled(source: AsyncGenerator<unknown>) {
  return {
    next: () => source.next(),
    return: () => source.return(undefined),
    throw: (error: unknown) => source.throw(error),
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

async function* over(stream: Readable) {
  yield* stream
}
