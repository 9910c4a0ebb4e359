import { describe, expect, test } from 'vitest'
import { createEngine } from '../src/index.ts'
import { model, tuple } from './models/from-language.ts'

const rules = model(`
type user
type robot
type group
  relations
    define member: [user, user:*, group#member]
type document
  relations
    define parent: [group]
    define viewer: [user, user with small, group#member, group#member with small]
    define blocked: [user, user:*, user with small]
    define open: viewer but not blocked
    define both: viewer and member from parent
condition small(size: int) {
  size < 10
}
`)

const engineWith = (...tuples: readonly ReturnType<typeof tuple>[]) => createEngine({ model: rules, tuples })

describe('list objects', () => {
  test('finds what a check allows, contextual tuples and userset questions included', async () => {
    const engine = engineWith(
      tuple('user:ann viewer document:1'),
      tuple('group:g#member viewer document:2'),
      tuple('user:* blocked document:1'),
    )
    const viewer = { user: 'user:ann', relation: 'viewer', type: 'document' }
    expect(await engine.listObjects(viewer)).toEqual(['document:1'])
    const contextualTuples = [tuple('user:ann member group:g'), tuple('user:ann viewer document:3')]
    expect(await engine.listObjects({ ...viewer, contextualTuples })).toEqual([
      'document:1',
      'document:2',
      'document:3',
    ])
    expect(await engine.listObjects({ ...viewer, relation: 'open' })).toEqual([])
    expect(await engine.listObjects({ user: 'group:x#member', relation: 'member', type: 'group' })).toEqual(['group:x'])
    expect(await engine.listObjects({ ...viewer, user: 'group:g#member' })).toEqual(['document:2'])
  })

  test('ends at its limit', async () => {
    const engine = engineWith(...Array.from({ length: 1200 }, (_, index) => tuple(`user:ann viewer document:${index}`)))
    const viewer = { user: 'user:ann', relation: 'viewer', type: 'document' }
    expect(await engine.listObjects(viewer)).toHaveLength(1000)
    expect(await engine.listObjects({ ...viewer, limit: Number.POSITIVE_INFINITY })).toHaveLength(1200)
    expect(await engine.listObjects({ ...viewer, limit: 1 })).toHaveLength(1)
  })

  test('a condition that cannot be evaluated is an error where it could bring the user here, and nowhere else', async () => {
    const engine = engineWith(
      tuple('user:ann viewer document:1'),
      tuple('user:ann viewer document:2', 'small'),
      tuple('user:ann viewer document:3'),
      tuple('user:ann blocked document:3', 'small'),
      tuple('user:dan viewer document:4'),
      tuple('user:dan blocked document:4', 'small'),
      tuple('group:g#member viewer document:5', 'small'),
      tuple('user:eve member group:g'),
    )
    const list = (user: string, relation: string, context = {}) =>
      engine.listObjects({ user, relation, type: 'document', context }).catch((error: { code: string }) => error.code)
    expect(await list('user:ann', 'viewer')).toBe('validation_error')
    expect(await list('user:ann', 'open')).toBe('validation_error')
    expect(await list('user:ann', 'open', { size: 1 })).toEqual(['document:1', 'document:2'])
    expect(await list('user:dan', 'open')).toBe('validation_error')
    expect(await list('user:eve', 'viewer')).toBe('validation_error')
    expect(await list('user:bob', 'viewer')).toEqual([])
  })
})

describe('list users', () => {
  test('names people, everybody and usersets, of the kind that is asked for', async () => {
    const engine = engineWith(
      tuple('user:ann viewer document:1'),
      tuple('user:bob viewer document:1'),
      tuple('user:bob blocked document:1'),
      tuple('group:g#member viewer document:1'),
      tuple('group:h#member member group:g'),
      tuple('user:* member group:h'),
      tuple('user:eve member group:other'),
    )
    const list = async (relation: string, filter: string) =>
      [...(await engine.listUsers({ object: 'document:1', relation, filter }))].sort()
    expect(await list('viewer', 'user')).toEqual(['user:*', 'user:ann', 'user:bob'])
    expect(await list('viewer', 'group#member')).toEqual(['group:g#member', 'group:h#member'])
    expect(await list('open', 'user')).toEqual(['user:*', 'user:ann'])
    expect(await list('viewer', 'robot')).toEqual([])
    await expect(list('viewer', 'ship')).rejects.toMatchObject({ code: 'type_not_found' })
    await expect(list('pilot', 'user')).rejects.toMatchObject({ code: 'relation_not_found' })
  })

  test('a condition that cannot be evaluated on the way refuses the list, whomever else the tuples name', async () => {
    const engine = engineWith(
      tuple('user:ann viewer document:1'),
      tuple('group:g#member viewer document:1', 'small'),
      tuple('user:bob member group:g'),
      tuple('user:ann viewer document:2'),
      tuple('group:g#member viewer document:2', 'small', { size: 20 }),
    )
    const list = (object: string, filter: string, context = {}) =>
      engine.listUsers({ object, relation: 'viewer', filter, context }).catch((error: { code: string }) => error.code)
    expect(await list('document:1', 'user')).toBe('validation_error')
    expect(await list('document:1', 'user', { size: 1 })).toEqual(['user:ann', 'user:bob'])
    expect(await list('document:1', 'user', { size: 10 })).toEqual(['user:ann'])
    // No tuple can bring a robot here, so none is read.
    expect(await list('document:1', 'robot')).toEqual([])
    expect(await list('document:2', 'user')).toEqual(['user:ann'])
  })

  test('a kind that cannot reach what everybody needs is in no list, and nothing is read to find that out', async () => {
    const narrow = model(`
type user
type robot
type document
  relations
    define owner: [user with small]
    define listed: [user, robot]
    define open: owner and listed
    define shut: owner but not listed
condition small(size: int) {
  size < 10
}
`)
    const engine = createEngine({ model: narrow, tuples: [tuple('user:ann owner document:1', 'small')] })
    for (const relation of ['open', 'shut']) {
      expect(await engine.listUsers({ object: 'document:1', relation, filter: 'robot' })).toEqual([])
      const users = engine.listUsers({ object: 'document:1', relation, filter: 'user' })
      await expect(users).rejects.toMatchObject({ code: 'validation_error' })
    }
  })

  test('a condition that does not hold leads no further, and what lies behind it refuses nothing', async () => {
    const engine = engineWith(
      tuple('user:ann viewer document:1'),
      tuple('group:g#member viewer document:1', 'small', { size: 20 }),
      ...Array.from({ length: 40 }, (_, index) => tuple(`group:g${index + 1}#member member group:g${index || ''}`)),
    )
    const question = { object: 'document:1', relation: 'viewer', filter: 'user' }
    expect(await engine.listUsers(question)).toEqual(['user:ann'])
  })

  test('ends where usersets follow each other for too long', async () => {
    const chain = (length: number) =>
      engineWith(
        ...Array.from({ length }, (_, index) => tuple(`group:g${index + 1}#member member group:g${index}`)),
        tuple(`user:ann member group:g${length}`),
      ).listUsers({ object: 'group:g0', relation: 'member', filter: 'user' })
    expect(await chain(24)).toEqual(['user:ann'])
    await expect(chain(25)).rejects.toMatchObject({ code: 'authorization_model_resolution_too_complex' })
  })
})
