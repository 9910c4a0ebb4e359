import { describe, expect, test } from 'vitest'
import { asking } from './models/asking.ts'
import { tuple } from './models/from-language.ts'

describe('contextual tuples', () => {
  const rules = `
type user
type group
  relations
    define member: [user]
type document
  relations
    define viewer: [user, user with small, user:*, group#member]
    define computed: viewer
condition small(size: int) {
  size < 10
}
`
  test('count for one question, and hide the stored tuple of the same key', async () => {
    const ask = asking(rules, 'user:ann viewer document:1')
    const contextualTuples = [tuple('user:ann viewer document:1', 'small', { size: 20 })]
    expect(await ask('user:ann viewer document:1', { contextualTuples })).toBe(false)
    expect(await ask('user:ann viewer document:1')).toBe(true)
    expect(await ask('user:bob viewer document:1', { contextualTuples: [tuple('user:* viewer document:1')] })).toBe(
      true,
    )
    expect(await ask('user:bob viewer document:1')).toBe(false)
  })

  test.each([
    ['a relation that is computed', tuple('user:ann computed document:1')],
    ['a type that the relation does not take', tuple('group:g viewer document:1')],
    ['a relation that does not exist', tuple('user:ann owner document:1')],
    ['a type that does not exist', tuple('robot:r viewer document:1')],
    ['a condition that does not exist', tuple('user:ann viewer document:1', 'tiny')],
    ['a condition that the restriction does not take', tuple('user:* viewer document:1', 'small')],
    ['a context that is no parameter', tuple('user:ann viewer document:1', 'small', { weight: 1 })],
    ['a context of the wrong type', tuple('user:ann viewer document:1', 'small', { size: 'big' })],
    ['an object that is everybody', tuple('user:ann viewer document:*')],
  ])('are refused for %s', async (_name, wrong) => {
    expect(await asking(rules)('user:ann viewer document:1', { contextualTuples: [wrong] })).toBe('invalid_tuple')
  })
})

describe('questions that are refused', () => {
  const ask = asking(`
type user
type document
  relations
    define viewer: [user]
`)
  test.each([
    'user:ann viewer folder:1',
    'user:ann owner document:1',
    'robot:r viewer document:1',
    'document:1#owner viewer document:1',
    'user viewer document:1',
    '* viewer document:1',
    'user:*#viewer viewer document:1',
    'user:a:b viewer document:1',
    'user: viewer document:1',
    'user:ann viewer document',
    'user:ann viewer document:*',
    'user:ann viewer document:1#viewer',
    'user:ann view:er document:1',
    'user:\u0007 viewer document:1',
  ])('%j', async (question) => {
    expect(await ask(question)).toBe('validation_error')
  })

  test('a name that every object inherits is no relation', async () => {
    expect(await ask('user:ann constructor document:1')).toBe('validation_error')
    expect(await ask('user:ann viewer __proto__:1')).toBe('validation_error')
  })

  test('control characters in a context', async () => {
    expect(await ask('user:ann viewer document:1', { context: { a: ['\u0000'] } })).toBe('validation_error')
  })
})

test('stored tuples that the model does not take are ignored', async () => {
  const ask = asking(
    `
type user
type robot
type drive
  relations
    define viewer: [user]
type folder
  relations
    define viewer: [user]
type document
  relations
    define parent: [folder]
    define viewer: [user with small] or viewer from parent
    define either: viewer
condition small(size: int) {
  size < 10
}
`,
    'robot:r viewer document:1',
    'user:* viewer document:1',
    'user:ann either document:1',
    // Without the condition that the model asks for, and with one that it does not know.
    'user:ann viewer document:1',
    tuple('user:bob viewer document:1', 'gone'),
    tuple('user:cid viewer document:1', 'small', { size: 1, weight: 2 }),
    // A parent of another type, though it has the relation.
    'drive:d parent document:1',
    'user:dan viewer drive:d',
  )
  const users = ['robot:r', 'user:eve', 'user:ann', 'user:bob', 'user:cid', 'user:dan']
  const answers = users.map((user) => ask(`${user} either document:1`, { context: { size: 1 } }))
  expect(await Promise.all(answers)).toEqual(users.map(() => false))
})
