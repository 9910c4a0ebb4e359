import { describe, expect, test } from 'vitest'
import { createEngine, memoryTuples, type Tuple, type TupleSource, type WriteRequest } from '../src/index.ts'
import { model, tradingModel, tuple } from './models/from-language.ts'

const rules = model(`
type user
type group
  relations
    define member: [user, user with small, group#member]
type document
  relations
    define parent: [group]
    define viewer: [user] or member from parent
    define reader: viewer
condition small(size: int) {
  size < 10
}
`)

function stored(...tuples: readonly Tuple[]) {
  const source = memoryTuples(tuples)
  const engine = createEngine({ model: rules, tuples: source })
  const write = (request: WriteRequest) =>
    engine.write(request).then(
      () => 'written',
      (error: { code: string }) => error.code,
    )
  return { source, engine, write }
}

describe('write', () => {
  const ann = tuple('user:ann member group:g')

  test('adds and deletes, deletes first', async () => {
    const { write, source } = stored(ann)
    expect(await write({ deletes: [ann], writes: [tuple('user:bob member group:g')] })).toBe('written')
    expect(source.all()).toEqual([tuple('user:bob member group:g')])
  })

  test('does all or nothing', async () => {
    const { write, source } = stored(ann)
    expect(await write({ writes: [tuple('user:bob member group:g'), ann] })).toBe('write_failed_due_to_invalid_input')
    expect(
      await write({ writes: [tuple('user:bob member group:g')], deletes: [tuple('user:eve member group:g')] }),
    ).toBe('write_failed_due_to_invalid_input')
    expect(source.all()).toEqual([ann])
  })

  test.each<[string, WriteRequest, string]>([
    ['nothing', {}, 'invalid_write_input'],
    ['a tuple twice', { writes: [ann, ann] }, 'cannot_allow_duplicate_tuples_in_one_request'],
    ['a tuple that is also deleted', { writes: [ann], deletes: [ann] }, 'cannot_allow_duplicate_tuples_in_one_request'],
    ['a delete of what is not there', { deletes: [ann] }, 'write_failed_due_to_invalid_input'],
    ['a delete of no user', { deletes: [tuple('user:a:b member group:g')] }, 'validation_error'],
    ['a computed relation', { writes: [tuple('user:ann reader document:1')] }, 'validation_error'],
    ['a parent that is a userset', { writes: [tuple('group:g#member parent document:1')] }, 'validation_error'],
    ['what holds by itself', { writes: [tuple('group:g#member member group:g')] }, 'validation_error'],
    ['an unknown condition', { writes: [tuple('user:ann member group:g', 'tiny')] }, 'validation_error'],
    ['a condition of another type', { writes: [tuple('user:ann viewer document:1', 'small')] }, 'validation_error'],
    [
      'a context of the wrong type',
      { writes: [tuple('user:ann member group:g', 'small', { size: 'x' })] },
      'validation_error',
    ],
    [
      'more than a hundred',
      { writes: Array.from({ length: 101 }, (_, index) => tuple(`user:u${index} member group:g`)) },
      'exceeded_entity_limit',
    ],
  ])('refuses %s', async (_name, request, code) => {
    const { write, source } = stored()
    expect(await write(request)).toBe(code)
    expect(source.all()).toEqual([])
  })

  test('may pass over what is there, of the same condition, and over deletes of nothing', async () => {
    const { write, source } = stored(tuple('user:ann member group:g', 'small', { size: 1 }))
    const again = (condition: Tuple) => write({ writes: [condition], onDuplicate: 'ignore' })
    expect(await again(tuple('user:ann member group:g', 'small', { size: 1 }))).toBe('written')
    expect(await again(tuple('user:ann member group:g', 'small', { size: 2 }))).toBe('Aborted')
    expect(await again(tuple('user:ann member group:g'))).toBe('Aborted')
    expect(await write({ deletes: [tuple('user:eve member group:g')], onMissing: 'ignore' })).toBe('written')
    expect(source.all()).toHaveLength(1)
  })

  test('deletes what another model left behind', async () => {
    const { write, source } = stored(tuple('robot:r pilot ship:1'))
    expect(await write({ deletes: [tuple('robot:r pilot ship:1')] })).toBe('written')
    expect(source.all()).toEqual([])
  })
})

describe('read', () => {
  test('pages through all, or through what a filter names', async () => {
    const tuples = Array.from({ length: 7 }, (_, index) => tuple(`user:u${index} member group:g${index % 2}`))
    const { engine } = stored(...tuples)
    const users: string[] = []
    let continuationToken = ''
    do {
      const page = await engine.read({ pageSize: 3, continuationToken })
      expect(page.tuples.length).toBeLessThanOrEqual(3)
      users.push(...page.tuples.map((one) => one.tuple.user))
      continuationToken = page.continuationToken
    } while (continuationToken !== '')
    expect(users).toEqual(tuples.map(({ user }) => user))
    expect((await engine.read({ object: 'group:g1' })).tuples).toHaveLength(3)
    expect((await engine.read({ object: 'group:', user: 'user:u2' })).tuples).toHaveLength(1)
    await expect(engine.read({ relation: 'member' })).rejects.toMatchObject({ code: 'validation_error' })
    await expect(engine.read({ continuationToken: btoa('x') })).rejects.toMatchObject({
      code: 'invalid_continuation_token',
    })
  })
})

describe('a tuple source of your own', () => {
  test('may be asynchronous, and needs two methods', async () => {
    const { source } = stored(
      tuple('user:ann member group:g'),
      tuple('group:g parent document:1'),
      tuple('group:g#member member group:h'),
      tuple('user:bob viewer document:2'),
    )
    const slow: TupleSource = {
      tuplesOf: async (object, relation) => source.tuplesOf(object, relation),
      objectsOf: async (type) => source.objectsOf(type),
    }
    const engine = createEngine({ model: rules, tuples: slow })
    expect(await engine.check(tuple('user:ann reader document:1'))).toBe(true)
    expect(await engine.check(tuple('user:ann member group:h'))).toBe(true)
    expect(await engine.listObjects({ user: 'user:bob', relation: 'viewer', type: 'document' })).toEqual(['document:2'])
    await expect(engine.read()).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    await expect(engine.write({ deletes: [tuple('user:ann member group:g')] })).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
    })
  })

  test('may go on from any text', async () => {
    const next = 'user:zoë 🦊 %2F'
    const asked: unknown[] = []
    const source: TupleSource = {
      tuplesOf: async () => [],
      objectsOf: async () => [],
      page: async ({ after }) => {
        asked.push(after)
        return { tuples: [], next }
      },
    }
    const engine = createEngine({ model: rules, tuples: source })
    const { continuationToken } = await engine.read({})
    await engine.read({ continuationToken })
    expect(asked).toEqual([undefined, next])
  })

  test('tuples in memory are copies', async () => {
    const context = { size: 1 }
    const { engine } = stored(tuple('user:ann member group:g', 'small', context))
    context.size = 100
    expect(await engine.check(tuple('user:ann member group:g'))).toBe(true)
  })

  test('a fault of the source is no answer', async () => {
    const broken: TupleSource = { tuplesOf: () => Promise.reject(new Error('down')), objectsOf: () => [] }
    await expect(
      createEngine({ model: rules, tuples: broken }).check(tuple('user:ann viewer document:1')),
    ).rejects.toThrow('down')
  })
})

describe('a model that cannot be evaluated is refused', () => {
  const type = (relations: object, metadata: object = {}) => ({
    schema_version: '1.1',
    type_definitions: [{ type: 'user' }, { type: 'document', relations, metadata: { relations: metadata } }],
  })
  const takes = (...types: readonly object[]) => ({ directly_related_user_types: types })
  test.each<[string, unknown, string]>([
    ['another schema', { schema_version: '1.0', type_definitions: [] }, 'model.schema_version'],
    ['no model', undefined, 'model.schema_version'],
    ['a rewrite of nothing', type({ viewer: {} }), 'model document#viewer'],
    ['an unknown relation', type({ viewer: { computedUserset: { relation: 'x' } } }), 'model document#viewer'],
    ['an unknown type', type({ viewer: { this: {} } }, { viewer: takes({ type: 'x' }) }), 'model document#viewer'],
    [
      'an unknown condition',
      type({ viewer: { this: {} } }, { viewer: takes({ type: 'user', condition: 'x' }) }),
      'model document#viewer',
    ],
    [
      'a parent that is computed',
      type({
        parent: { computedUserset: { relation: 'viewer' } },
        viewer: { tupleToUserset: { tupleset: { relation: 'parent' }, computedUserset: { relation: 'viewer' } } },
      }),
      'model document#viewer',
    ],
  ])('%s', (_name, wrong, option) => {
    expect(() => createEngine({ model: wrong as never })).toThrow(expect.objectContaining({ option }))
  })
})

test('the same model has the same id everywhere, and another one another', () => {
  const id = (of = tradingModel()) => createEngine({ model: of }).authorizationModelId
  expect(id()).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
  expect(id()).toBe(id())
  expect(id(rules)).not.toBe(id())
})

test('a list of any length is taken', async () => {
  const tuples = Array.from({ length: 200_000 }, (_, at) => tuple(`user:u${at} viewer document:1`))
  expect(memoryTuples(tuples).all()).toHaveLength(200_000)
})
