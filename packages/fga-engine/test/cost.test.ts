import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  createEngine,
  createHandler,
  explanationText,
  memoryTuples,
  type Tuple,
  type TupleSource,
} from '../src/index.ts'
import { model, tuple } from './models/from-language.ts'

const STORE = '01JDG8ZCQ4T0STDCK70KT0RE01'

const groups = model(`
type user
type group
  relations
    define member: [user, group#member, group#member with open]
    define active: member but not member
condition open(key: string) {
  key == "x"
}`)

/** Each group of a level names both of the next: ways double with each level. */
const doubling = (levels: number, condition?: string): readonly Tuple[] =>
  Array.from({ length: levels }, (_, level) => level).flatMap((level) =>
    ['a', 'b'].flatMap((from) =>
      ['a', 'b'].map((to) => tuple(`group:${to}${level + 1}#member member group:${from}${level}`, condition)),
    ),
  )

function serve(timeoutMs?: number) {
  const engine = createEngine({ model: groups, ...(timeoutMs !== undefined && { timeoutMs }) })
  const handler = createHandler({ engine, storeId: STORE })
  return async (path: string, body: object) => {
    const request = new Request(`https://fga.example/stores/${STORE}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const response = await handler(request)
    return { status: response.status, body: await response.json() }
  }
}

const question = (tuples: readonly Tuple[], user = 'user:eve', relation = 'member') => ({
  tuple_key: { user, relation, object: 'group:a0' },
  contextual_tuples: { tuple_keys: tuples },
})

describe('a question whose ways double with each level', () => {
  test('is answered at once: each relation is evaluated once', async () => {
    const ask = serve()
    // Without what is kept, each of these takes more steps than a check has.
    const denied = await ask('check', question(doubling(19)))
    expect(denied).toMatchObject({ status: 200, body: { allowed: false } })
    const member = tuple('user:ann member group:b19')
    const allowed = await ask('check', question([...doubling(19), member], 'user:ann'))
    expect(allowed).toMatchObject({ status: 200, body: { allowed: true } })
    const excluded = await ask('check', question([...doubling(19), member], 'user:ann', 'active'))
    expect(excluded).toMatchObject({ status: 200, body: { allowed: false } })
  })

  test('is refused as too complex where conditions that break make every way count', async () => {
    // What a broken condition took part in is not kept.
    const broken = Array.from({ length: 20 }, (_, level) => tuple(`group:x#member member group:a${level}`, 'open'))
    const { status, body } = await serve(60_000)('check', question([...doubling(19), ...broken]))
    expect([status, body.code]).toEqual([400, 'authorization_model_resolution_too_complex'])
  })

  test('is explained once: what was shown above is not shown again', async () => {
    const engine = createEngine({ model: groups, tuples: doubling(19) })
    const text = explanationText(await engine.explain(question([]).tuple_key))
    expect(text.split('\n').length).toBeLessThan(200)
    expect(text).toContain('- group:b2#member (as above)')
  })
})

describe('a deadline', () => {
  const slow = (ms: number): TupleSource => ({
    tuplesOf: async () => {
      await new Promise((resolve) => setTimeout(resolve, ms))
      return []
    },
    objectsOf: async () => ['group:a0', 'group:b0'],
  })
  const asked = { user: 'user:eve', relation: 'member', object: 'group:a0' }

  test.each([
    ['that never answers', () => ({ ...slow(0), tuplesOf: () => new Promise<never>(() => {}) })],
    ['that is slow', () => slow(5_000)],
  ])('ends each question to a tuple source %s', async (_name, source) => {
    const engine = createEngine({ model: groups, tuples: source(), timeoutMs: 50 })
    const late = { code: 'deadline_exceeded', number: 4004, status: 500 }
    await expect(engine.check(asked)).rejects.toMatchObject(late)
    await expect(engine.listObjects({ ...asked, type: 'group' })).rejects.toMatchObject(late)
    await expect(engine.listUsers({ ...asked, filter: 'user' })).rejects.toMatchObject(late)
    expect(await engine.explain(asked)).toMatchObject({ verdict: 'error', subject: 'group:a0#member' })
    const batch = await engine.batchCheck([{ ...asked, correlationId: 'a' }])
    expect(batch.get('a')).toMatchObject({ error: late })
  })

  test('is one for a whole batch, and its answers say whose fault it is', async () => {
    const engine = createEngine({ model: groups, tuples: slow(40), timeoutMs: 100 })
    const handler = createHandler({ engine, storeId: STORE })
    const checks = Array.from({ length: 20 }, (_, index) => ({ correlation_id: `${index}`, tuple_key: asked }))
    const response = await handler(
      new Request(`https://fga.example/stores/${STORE}/batch-check`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ checks }),
      }),
    )
    // How many of them fit into the time is the machine's; the last one does not.
    const { result } = await response.json()
    expect(result['19']).toEqual({ error: { internal_error: 'deadline_exceeded', message: expect.any(String) } })
  })

  test('is one for a whole batch, also for the check that waits when it passes', async () => {
    vi.useFakeTimers()
    const source: TupleSource = {
      ...slow(0),
      // The first check reads twice, which takes most of the time. The second one never ends.
      tuplesOf: (object) => new Promise((resolve) => object === 'group:a' && setTimeout(() => resolve([]), 45)),
    }
    const engine = createEngine({ model: groups, tuples: source, timeoutMs: 100 })
    const settled = vi.fn()
    const items = ['a', 'b'].map((correlationId) => ({ ...asked, object: `group:${correlationId}`, correlationId }))
    void engine.batchCheck(items).then(settled)
    await vi.advanceTimersByTimeAsync(99)
    expect(settled).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    const answers: ReadonlyMap<string, object> = settled.mock.lastCall?.[0]
    expect(answers.get('a')).toEqual({ allowed: false })
    expect(answers.get('b')).toMatchObject({ error: { code: 'deadline_exceeded' } })
  })

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, '3000'])('of %s is refused', (timeoutMs) => {
    expect(() => createEngine({ model: groups, timeoutMs: timeoutMs as number })).toThrow('timeoutMs')
  })
})

afterEach(() => void vi.useRealTimers())

test('other work of the process has its turn while a costly question is answered', async () => {
  const broken = Array.from({ length: 20 }, (_, level) => tuple(`group:x#member member group:a${level}`, 'open'))
  const engine = createEngine({ model: groups, timeoutMs: 60_000 })
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const { tuple_key, contextual_tuples } = question([...doubling(19), ...broken])
  await engine.check({ ...tuple_key, contextualTuples: contextual_tuples.tuple_keys }).catch(() => {})
  clearInterval(timer)
  expect(turns).toBeGreaterThan(2)
})

test('other work of the process has its turn while many tuples of one relation are read', async () => {
  const tuples = memoryTuples()
  for (let index = 0; index < 100_000; index++) tuples.put(tuple(`group:g${index}#member member group:a0`, 'open'))
  const engine = createEngine({ model: groups, tuples, timeoutMs: 60_000 })
  await engine.ready()
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const asked = { relation: 'member', object: 'group:a0', context: { key: 'y' } }
  expect(await engine.check({ ...asked, user: 'user:eve' })).toBe(false)
  const ofCheck = turns
  expect(await engine.listUsers({ ...asked, filter: 'user' })).toEqual([])
  clearInterval(timer)
  expect(ofCheck).toBeGreaterThan(2)
  expect(turns - ofCheck).toBeGreaterThan(2)
})
