import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { type Credential, HadNoEffect, type Policy } from '../../../src/index.ts'
import { api, blind, writes } from './in-doubt-world.ts'
import { smallWorld } from './small-world.ts'

type Reader = AsyncGenerator<unknown, unknown>

/** A `write` call whose caller may abort, and its result, not yet read to its end. */
async function open(body: () => unknown) {
  const world = smallWorld()
  const guard = world.guard()
  const controller = new AbortController()
  const outcome = await guard.run(blind, world.call({ slot: 'one', signal: controller.signal }), body)
  if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
  const run = (slot: string) => guard.run(blind, world.call({ slot }), () => 'ran')
  const ends = () => world.events.map((event) => event.type === 'call' && event.status)
  return { ...world, controller, flow: outcome.result, run, ends, status: async () => (await run('one')).status }
}

const pieces = async function* () {
  yield 'asking the bank'
  yield 'paying'
  return 'paid'
}

const streamed = () => new ReadableStream({ pull: (controller) => controller.enqueue('a piece') }, { highWaterMark: 0 })

describe('a result that flows and whose caller aborts is given up', () => {
  test.each<readonly [string, () => unknown, (flow: unknown) => Promise<unknown>]>([
    ['an unread generator', pieces, async () => {}],
    ['a generator that is read once', pieces, (flow) => (flow as Reader).next()],
    ['an unread stream', streamed, async () => {}],
    ['a stream that is read once', streamed, (flow) => (flow as ReadableStream).getReader().read()],
  ])(verifies('A13', '%s: its run ends, and equal calls know that it is in doubt'), async (_, body, begin) => {
    const { flow, controller, run, ends, status } = await open(body)
    await begin(flow)
    expect(await run('two')).toMatchObject({ status: 'unavailable' })
    controller.abort(new Error('the page was closed'))
    await expect.poll(status).toBe('denied')
    for (const slot of ['one', 'two']) expect(await run(slot)).toMatchObject({ code: 'unknown_outcome' })
    expect(ends()).toContain('aborted')
    expect(ends()).not.toContain('done')
  })

  test('where nothing was sent, its slot runs again', async () => {
    const { guard, call, run } = api()
    const controller = new AbortController()
    await guard.run(writes, call({ slot: 'one', signal: controller.signal }), pieces)
    controller.abort()
    await expect.poll(async () => ({ ...(await run(writes, 'one', () => 'ran')) })).toMatchObject({ result: 'ran' })
  })

  test('its body cleans up, and sends nothing after it', async () => {
    const { guard, call, sent } = api()
    const controller = new AbortController()
    const done: unknown[] = []
    const outcome = await guard.run(writes, call({ signal: controller.signal }), async function* (_, { access }) {
      try {
        yield 'paying'
      } finally {
        done.push('clean')
        queueMicrotask(() => void setTimeout(() => access.mail.fetch('https://mail.example/x').catch(noted)))
      }
    })
    const noted = (error: { code?: string }) => done.push(error.code)
    if (outcome.status === 'done') await outcome.result.next()
    controller.abort()
    await expect.poll(() => done).toEqual(['clean', 'ERR_CREDENTIAL_MISUSE'])
    expect(sent).toEqual([])
  })

  test('a body that says on its way out that it had no effect is believed', async () => {
    const { flow, controller, status } = await open(async function* () {
      try {
        yield 'paying'
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: as a body would say it
        throw new HadNoEffect(new Error('rolled back'))
      }
    })
    await (flow as Reader).next()
    controller.abort()
    await expect.poll(status).toBe('done')
  })

  test('a body that yields on its way out is given up all the same, and runs no further', async () => {
    let isFurther = false
    const { flow, controller, status } = await open(async function* () {
      try {
        yield 'paying'
      } finally {
        yield 'one more'
        isFurther = true
      }
    })
    await (flow as Reader).next()
    controller.abort(new Error('the page was closed'))
    await expect.poll(status).toBe('denied')
    await expect((flow as Reader).next()).rejects.toThrow('the page was closed')
    expect(isFurther).toBe(false)
  })

  test('a step under way is waited for, and what it returns is the result of the next equal call', async () => {
    const go = Promise.withResolvers<void>()
    const { flow, controller, run } = await open(async function* () {
      yield 'paying'
      await go.promise
      return 'paid'
    })
    await (flow as Reader).next()
    const last = (flow as Reader).next()
    controller.abort(new Error('left'))
    expect(await run('two')).toMatchObject({ status: 'unavailable' })
    go.resolve()
    await expect(last).rejects.toThrow('left')
    expect(await run('one')).toMatchObject({ status: 'done', result: 'paid' })
  })

  test('a caller that had left before its result came', async () => {
    const world = smallWorld()
    const guard = world.guard()
    const controller = new AbortController()
    await guard.run(blind, world.call({ signal: controller.signal }), () => {
      controller.abort()
      return pieces()
    })
    await expect.poll(async () => (await guard.run(blind, world.call(), () => 'ran')).status).toBe('denied')
  })

  test.each<readonly [string, () => unknown, (flow: unknown) => Promise<unknown>]>([
    ['a generator', pieces, (flow) => (flow as Reader).next()],
    ['a stream', streamed, (flow) => (flow as ReadableStream).getReader().read()],
  ])('a reader of %s gets the reason of its end, and no whole result', async (_, body, next) => {
    const { flow, controller } = await open(body)
    controller.abort(new Error('the page was closed'))
    await expect(next(flow)).rejects.toThrow('the page was closed')
  })

  test.each<readonly [string, (reader: ReadableStreamDefaultReader) => Promise<unknown>]>([
    ['waits for a piece', (reader) => reader.read()],
    ['does not read now', (reader) => reader.closed],
  ])('a reader of a stream that %s gets the reason at once', async (_, waiting) => {
    const { flow, controller, status } = await open(() => new ReadableStream({ pull: () => new Promise(() => {}) }))
    const waits = waiting((flow as ReadableStream).getReader())
    const ends = expect(waits).rejects.toThrow('the page was closed')
    await new Promise((resolve) => setTimeout(resolve))
    controller.abort(new Error('the page was closed'))
    await ends
    await expect.poll(status).toBe('denied')
  })

  test('an abort after the end changes nothing, and no listener stays', async () => {
    const { flow, controller, run } = await open(pieces)
    const steps: unknown[] = []
    for await (const step of flow as Reader) steps.push(step)
    controller.abort()
    expect(await (flow as Reader).next()).toEqual({ done: true, value: undefined })
    expect(await run('one')).toMatchObject({ status: 'done', result: 'paid' })
  })
})

test(verifies('A13', 'a reader that cancels its stream while it reads gets no result stored'), async () => {
  const { flow, run, ends } = await open(() => new ReadableStream({ pull: () => new Promise(() => {}) }))
  const reader = (flow as ReadableStream).getReader()
  const reading = reader.read()
  await new Promise((resolve) => setTimeout(resolve))
  await reader.cancel()
  await reading
  expect(ends()).toEqual(['aborted'])
  const outcome = await run('one')
  expect(outcome).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
  expect(outcome.trace.steps.at(-1)?.detail).toContain('the body did not return')
})

test(verifies('E4', 'a reader that cancels a stream gets the error of its source without tokens'), async () => {
  const { guard, call, run } = api()
  const outcome = await guard.run(writes as Policy, call({ slot: 'one' }), async (_, { access }) => {
    await (access as never as { mail: Credential }).mail.withToken(() => {})
    return new ReadableStream({
      cancel: () => Promise.reject(new Error('a-token was refused')),
    })
  })
  if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
  await expect((outcome.result as ReadableStream).cancel()).rejects.toThrow('[token] was refused')
  expect(await run(writes, 'one', () => 'again')).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
})
