import { expect, test } from 'vitest'
import { readBounded } from '../../../src/base/values/bodies.ts'

const body = (...parts: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part))
      controller.close()
    },
  })

test('a body is read to its end, within its bound', async () => {
  expect(new TextDecoder().decode(await readBounded({ body: body('abc', 'def') }, 6))).toBe('abcdef')
  expect(await readBounded({ body: body('abc', 'defg') }, 6)).toBeUndefined()
  expect(await readBounded({ body: null }, 6)).toEqual(new Uint8Array())
})

test('one that is too large and cannot be given up is too large all the same', async () => {
  for (const cancel of [() => Promise.reject(new Error('broken')), () => new Promise<void>(() => {})]) {
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(4)),
      cancel,
    })
    expect(await readBounded({ body: endless }, 6)).toBeUndefined()
  }
})
