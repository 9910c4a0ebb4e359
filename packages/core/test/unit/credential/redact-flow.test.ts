import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { type FlowEnd, isFlow, redactFlow, Token } from '../../../src/credential/index.ts'
import { rejection } from '../oauth/mock-issuer.ts'

const secret = 'eyJhbGciOi.J9.c2ln'
const surroundings = (tokens: readonly Token[] = [new Token(secret)]) => ({
  tokens: () => tokens,
  steps: 0,
  enter<Result>(step: () => Result): Result {
    this.steps++
    return step()
  },
  onEnd: vi.fn(async ({ status }: FlowEnd) => status === 'ended'),
})
const streamOf = (...pieces: unknown[]) =>
  new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece)
      controller.close()
    },
  })
async function* generatorOf(...pieces: unknown[]) {
  yield* pieces
  return `end ${secret}`
}
async function read(value: unknown): Promise<unknown[]> {
  const pieces: unknown[] = []
  for await (const piece of value as AsyncIterable<unknown>) pieces.push(piece)
  return pieces
}
const bytes = (text: string) => new TextEncoder().encode(text)
const joined = (pieces: unknown[]) => Buffer.concat(pieces as Uint8Array[]).toString()

describe('a result that is a value', () => {
  test('is not a flow', () => {
    for (const value of [{ a: secret }, undefined, null, secret, () => secret]) {
      expect(isFlow(value)).toBe(false)
    }
  })
})

describe.each([
  ['a stream', streamOf],
  ['an async generator', generatorOf],
])('%s', (_name, make) => {
  test('of texts is redacted where a token is cut in two', async () => {
    const around = surroundings()
    const source = make('a ', secret.slice(0, 4), `${secret.slice(4)} b`, ' eyJ')
    expect(isFlow(source)).toBe(true)
    const flow = redactFlow(source, around)
    // A body may give on what another guarded call gave it.
    expect(isFlow(flow)).toBe(true)
    expect((await read(flow)).join('')).toBe('a [token] b eyJ')
    expect(around.onEnd).toHaveBeenCalledTimes(1)
  })

  test('of bytes is redacted too, and other bytes come out as they went in', async () => {
    const around = surroundings()
    const noise = new Uint8Array(20_000).map((_, index) => (index * 7) % 256)
    const cut = [bytes(`é ${secret.slice(0, 9)}`), bytes(secret.slice(9)), noise]
    const out = Buffer.concat((await read(redactFlow(make(...cut), around))) as Uint8Array[])
    expect(out.equals(Buffer.concat([bytes('é [token]'), noise]))).toBe(true)
  })

  test('of values redacts each', async () => {
    const value = redactFlow(make({ delta: `x ${secret}` }, 7, null), surroundings())
    expect(await read(value)).toEqual([{ delta: 'x [token]' }, 7, null])
  })

  test('that changes its kind keeps the order', async () => {
    const value = redactFlow(make('a eyJ', { b: 1 }, 'eyJ', bytes('c')), surroundings())
    const out = await read(value)
    expect(out.slice(0, 4)).toEqual(['a ', 'eyJ', { b: 1 }, 'eyJ'])
    expect(joined(out.slice(4))).toBe('c')
  })

  test('redacts a token that the credential got meanwhile', async () => {
    const tokens = [new Token(secret)]
    const around = { ...surroundings(), tokens: () => [...tokens] }
    const value = redactFlow(make('a fresh-token', secret, 'a fresh-token'), around)
    tokens.push(new Token('fresh-token'))
    expect((await read(value)).join('')).toBe('a [token][token]a [token]')
  })

  test('is redacted however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 })), async (pieces) => {
        const value = redactFlow(make(...pieces), surroundings([new Token('abca')]))
        expect((await read(value)).join('')).toBe(pieces.join('').replaceAll('abca', '[token]'))
      }),
      { numRuns: 300 },
    )
  })

  test('enters its call at each step', async () => {
    const around = surroundings()
    await read(redactFlow(make('a', 'b'), around))
    expect(around.steps).toBeGreaterThanOrEqual(3)
  })
})

describe('what a stream or generator throws', () => {
  test('is redacted, and ends the call', async () => {
    const failing = new ReadableStream({
      pull: (controller) => controller.error(new Error(`no ${secret}`, { cause: { header: secret } })),
    })
    async function* throwing() {
      yield 'a'
      throw new Error(`no ${secret}`, { cause: { header: secret } })
    }
    for (const source of [failing, throwing()]) {
      const around = surroundings()
      const error = (await rejection(read(redactFlow(source, around)))) as Error
      expect([error.message, error.cause]).toEqual(['no [token]', { header: '[token]' }])
      expect(around.onEnd).toHaveBeenCalledTimes(1)
    }
  })
})

describe('an async generator', () => {
  test('gives its return value redacted, and takes what is sent to it', async () => {
    async function* echo(): AsyncGenerator<string, string, string> {
      const name = yield 'who?'
      return `${name} ${secret}`
    }
    const value = redactFlow(echo(), surroundings()) as AsyncGenerator<string, string, string>
    expect(await value.next('ignored')).toEqual({ done: false, value: 'who?' })
    expect(await value.next('ann')).toEqual({ done: true, value: 'ann [token]' })
    expect(await value.next()).toEqual({ done: true, value: undefined })
  })

  test('that is given up runs its finally, ends the call, and shows nothing held back', async () => {
    const after = vi.fn()
    async function* source() {
      try {
        yield 'a'
        yield 'eyJhbG'
        yield 'never'
      } finally {
        after()
      }
    }
    const around = surroundings()
    for await (const piece of redactFlow(source(), around) as AsyncIterable<string>) {
      expect(piece).toBe('a')
      break
    }
    expect([after.mock.calls.length, around.onEnd.mock.calls.length]).toEqual([1, 1])
  })

  test('that is given up gives no piece that was ready', async () => {
    const value = redactFlow(generatorOf('eyJ', { b: 1 }), surroundings()) as AsyncGenerator
    expect(await value.next()).toEqual({ done: false, value: 'eyJ' })
    expect(await value.return('enough')).toEqual({ done: true, value: 'enough' })
  })

  test('that is given up before it began ends the call', async () => {
    const around = surroundings()
    await (redactFlow(generatorOf('a'), around) as AsyncGenerator).return(undefined)
    expect(around.onEnd).toHaveBeenCalledTimes(1)
  })

  test('keeps the order of steps that are asked for at once', async () => {
    const value = redactFlow(generatorOf('a', 'b', 'c'), surroundings()) as AsyncGenerator<string>
    const steps = await Promise.all([value.next(), value.next(), value.next(), value.next()])
    expect(steps.map((step) => step.value)).toEqual(['a', 'b', 'c', 'end [token]'])
  })
})

describe('a stream', () => {
  test('that is cancelled cancels its source and ends the call', async () => {
    const cancel = vi.fn()
    const around = surroundings()
    const source = new ReadableStream({ pull: (controller) => controller.enqueue('a'), cancel })
    const reader = (redactFlow(source, around) as ReadableStream).getReader()
    await reader.read()
    await reader.cancel('enough')
    expect(cancel).toHaveBeenCalledWith('enough')
    expect(around.onEnd).toHaveBeenCalledTimes(1)
  })

  test('is not read ahead of its reader', async () => {
    const pull = vi.fn((controller: ReadableStreamDefaultController) => controller.enqueue('a'))
    redactFlow(new ReadableStream({ pull }, { highWaterMark: 0 }), surroundings())
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(pull).not.toHaveBeenCalled()
  })
})
