import { describe, expect, test } from 'vitest'
import { IdentityRequiredError } from '../../../src/base/errors/index.ts'
import { currentIdentity, runAs } from '../../../src/identity/run-as.ts'
import { admit } from '../../../src/identity/verified.ts'

const user = (subject: string) =>
  admit({ kind: 'user', issuer: 'https://as.example.com', subject, claims: {}, expiresAt: 1 } as const)
const ann = user('ann')
const bob = user('bob')

describe('runAs', () => {
  test('holds in what runs at once and in what is awaited', async () => {
    expect(runAs(ann, () => currentIdentity())).toBe(ann)
    const later = await runAs(ann, async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return currentIdentity()
    })
    expect(later).toBe(ann)
  })

  test('ends with its function, and nests', () => {
    runAs(ann, () => {
      expect(runAs(bob, currentIdentity)).toBe(bob)
      expect(currentIdentity()).toBe(ann)
    })
    expect(currentIdentity).toThrow(IdentityRequiredError)
  })

  test('keeps users apart who run at the same time', async () => {
    const step = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
    const run = async (identity: typeof ann) => {
      for (let i = 0; i < 20; i++) {
        await step()
        expect(currentIdentity()).toBe(identity)
      }
    }
    await Promise.all([ann, bob, ann, bob].map((identity) => runAs(identity, () => run(identity))))
  })

  test.each([
    ['an async generator', () => runAs(ann, asyncSteps)],
    ['a promised async generator', () => runAs(ann, async () => asyncSteps())],
    ['a generator', () => runAs(ann, steps)],
  ])('holds in the steps of %s, though others ask for them', async (_name, make) => {
    const generator = await make()
    const seen: unknown[] = []
    await runAs(bob, async () => {
      for await (const identity of generator) {
        seen.push(identity)
        expect(currentIdentity()).toBe(bob)
        if (seen.length === 2) break
      }
    })
    expect(seen).toEqual([ann, ann])
    expect(cleanedUpAs).toBe(ann)
    cleanedUpAs = undefined
  })

  const filled = () =>
    new ReadableStream<string>(
      {
        async pull(controller) {
          await Promise.resolve()
          controller.enqueue(`${(currentIdentity() as typeof ann).subject} `)
        },
        cancel: () => {
          cleanedUpAs = currentIdentity()
        },
      },
      { highWaterMark: 0 },
    )

  test.each([
    ['a stream', () => runAs(ann, filled)],
    ['a promised stream', () => runAs(ann, async () => filled())],
    ['a response', async () => runAs(ann, () => new Response(filled().pipeThrough(new TextEncoderStream()))).body],
  ])('holds in what fills %s, though others read it', async (_name, make) => {
    const stream = (await make()) as ReadableStream<string | Uint8Array>
    await runAs(bob, async () => {
      const reader = stream.getReader()
      for (let read = 0; read < 3; read++) {
        const { value } = await reader.read()
        expect(typeof value === 'string' ? value : new TextDecoder().decode(value)).toBe('ann ')
        expect(currentIdentity()).toBe(bob)
      }
      await reader.cancel()
    })
    expect(cleanedUpAs).toBe(ann)
    cleanedUpAs = undefined
  })

  test('keeps what a response says, ends it where it ends, and passes a fault on', async () => {
    const response = runAs(ann, () => new Response('hello', { status: 201, headers: { 'x-a': 'b' } }))
    expect([response.status, response.headers.get('x-a'), await response.text()]).toEqual([201, 'b', 'hello'])
    const broken = runAs(ann, () => new ReadableStream({ pull: () => Promise.reject(new Error('broken')) }))
    await expect(broken.getReader().read()).rejects.toThrow('broken')
    const empty = new Response(null, { status: 204 })
    expect(runAs(ann, () => empty)).toBe(empty)
  })

  test('hands values and errors into the generator', async () => {
    async function* echo(): AsyncGenerator<unknown, string, unknown> {
      try {
        const got = yield 'ready'
        yield [got, currentIdentity()]
        return 'never'
      } catch (error) {
        return `${(error as Error).message} as ${(currentIdentity() as typeof ann).subject}`
      }
    }
    const generator = runAs(ann, echo)
    expect((await generator.next()).value).toBe('ready')
    expect((await generator.next('hello')).value).toEqual(['hello', ann])
    expect((await generator.throw(new Error('stop'))).value).toBe('stop as ann')
  })

  test('leaves other results as they are', () => {
    const result = { list: [1, 2] }
    expect(runAs(ann, () => result)).toBe(result)
    expect(runAs(ann, () => result.list)).toBe(result.list)
  })

  test.each([
    ['a plain object', { kind: 'user', issuer: ann.issuer, subject: 'ann', claims: {} }],
    ['a copy of a verified identity', { ...ann }],
    ['an heir of a verified identity', Object.create(ann)],
    ['nothing', undefined],
  ])('refuses %s', (_name, identity) => {
    expect(() => runAs(identity as typeof ann, () => 1)).toThrow(IdentityRequiredError)
  })
})

let cleanedUpAs: unknown

async function* asyncSteps() {
  try {
    for (;;) {
      await Promise.resolve()
      yield currentIdentity()
    }
  } finally {
    cleanedUpAs = currentIdentity()
  }
}

function* steps() {
  try {
    for (;;) yield currentIdentity()
  } finally {
    cleanedUpAs = currentIdentity()
  }
}

describe('currentIdentity', () => {
  test('throws outside of runAs, saying what to do', () => {
    expect(currentIdentity).toThrow(/within runAs or a guarded tool/)
  })
})
