import { describe, expect, test } from 'vitest'
import { asking } from './models/asking.ts'
import { tuple } from './models/from-language.ts'

describe('users', () => {
  const groups = `
type user
type robot
type group
  relations
    define member: [user, user:*, robot, group#member]
type document
  relations
    define viewer: [group#member]
    define parent: [group]
    define from_parent: member from parent
`
  test('a wildcard stands for users of its type, and for no userset and no other type', async () => {
    const ask = asking(groups, 'user:* member group:all', 'group:all#member viewer document:1')
    expect(await ask('user:anybody member group:all')).toBe(true)
    expect(await ask('user:* member group:all')).toBe(true)
    expect(await ask('robot:r2 member group:all')).toBe(false)
    expect(await ask('group:x#member member group:all')).toBe(false)
    expect(await ask('user:anybody viewer document:1')).toBe(true)
    expect(await ask('user:* viewer document:1')).toBe(true)
  })

  test('every group is not every member of every group', async () => {
    const ask = asking(
      `
type user
type group
  relations
    define member: [user]
type document
  relations
    define viewer: [group:*, group#member]
`,
      'group:* viewer document:1',
    )
    expect(await ask('group:x viewer document:1')).toBe(true)
    expect(await ask('group:x#member viewer document:1')).toBe(false)
  })

  test('a named user is not everybody', async () => {
    const ask = asking(groups, 'user:ann member group:one')
    expect(await ask('user:* member group:one')).toBe(false)
  })

  test('a userset has its own relation, without any tuple', async () => {
    const ask = asking(groups)
    expect(await ask('group:x#member member group:x')).toBe(true)
    expect(await ask('group:x#member member group:y')).toBe(false)
  })

  test('usersets are followed to their end, in circles too', async () => {
    const ask = asking(
      groups,
      'user:ann member group:a',
      'group:a#member member group:b',
      'group:b#member member group:a',
      'group:b#member viewer document:1',
    )
    expect(await ask('user:ann viewer document:1')).toBe(true)
    expect(await ask('group:a#member viewer document:1')).toBe(true)
    expect(await ask('user:bob viewer document:1')).toBe(false)
  })

  test('a parent that is a userset or a wildcard gives no right', async () => {
    const ask = asking(
      groups,
      'group:a#member parent document:1',
      'group:* parent document:1',
      'user:ann member group:a',
    )
    expect(await ask('user:ann from_parent document:1')).toBe(false)
  })
})

describe('parents', () => {
  const tree = `
type user
type drive
type folder
  relations
    define viewer: [user]
type document
  relations
    define parent: [folder, drive]
    define viewer: viewer from parent
`
  test('a parent whose type lacks the relation is passed over', async () => {
    const ask = asking(tree, 'drive:d parent document:1', 'folder:f parent document:1', 'user:ann viewer folder:f')
    expect(await ask('user:ann viewer document:1')).toBe(true)
    expect(await ask('user:bob viewer document:1')).toBe(false)
  })
})

describe('intersections and exclusions', () => {
  const rules = `
type user
type document
  relations
    define allowed: [user, user:*]
    define member: [user, user:*]
    define blocked: [user, user:*]
    define both: allowed and member
    define open: allowed but not blocked
`
  test('everybody may stand on each side', async () => {
    const ask = asking(rules, 'user:* allowed document:1', 'user:ann member document:1', 'user:bob blocked document:1')
    expect(await ask('user:ann both document:1')).toBe(true)
    expect(await ask('user:bob both document:1')).toBe(false)
    expect(await ask('user:ann open document:1')).toBe(true)
    expect(await ask('user:bob open document:1')).toBe(false)
    expect(await ask('user:* open document:1')).toBe(true)
  })

  test('everybody may be excluded', async () => {
    const ask = asking(rules, 'user:ann allowed document:1', 'user:* blocked document:1')
    expect(await ask('user:ann open document:1')).toBe(false)
  })

  test('what leads back to itself below "but not" denies', async () => {
    const ask = asking(
      `
type user
type document
  relations
    define viewer: [user] but not restricted
    define restricted: [user, document#viewer]
`,
      'user:ann viewer document:1',
      'document:1#viewer restricted document:1',
    )
    expect(await ask('user:ann viewer document:1')).toBe(false)
    expect(await ask('user:ann restricted document:1')).toBe(false)
  })
})

describe('depth', () => {
  const chain = (length: number) => [
    'user:ann member group:0',
    ...Array.from({ length }, (_, index) => `group:${index}#member member group:${index + 1}`),
  ]
  const groups = `
type user
type group
  relations
    define member: [user, group#member]
`
  test('24 usersets follow each other, and the 25th is too many', async () => {
    const ask = asking(groups, ...chain(30))
    expect(await ask('user:ann member group:24')).toBe(true)
    expect(await ask('user:ann member group:25')).toBe('authorization_model_resolution_too_complex')
  })

  test('a shorter way to yes wins over one that is too long', async () => {
    const ask = asking(groups, ...chain(30), 'user:ann member group:30')
    expect(await ask('user:ann member group:30')).toBe(true)
  })
})

describe('conditions in the way', () => {
  const rules = `
type user
type group
  relations
    define member: [user, user with small]
type document
  relations
    define viewer: [user, user with small]
    define blocked: [user with small]
    define parent: [group, group with small]
    define either: viewer or member from parent
    define both: viewer and member from parent
    define open: viewer but not blocked
condition small(size: int) {
  size < 10
}
`
  test('a yes wins over what cannot be evaluated, and a no in an intersection', async () => {
    const ask = asking(
      rules,
      tuple('user:ann viewer document:1', 'small'),
      'group:g parent document:1',
      'user:ann member group:g',
      tuple('user:bob viewer document:1', 'small'),
    )
    expect(await ask('user:ann either document:1')).toBe(true)
    expect(await ask('user:ann both document:1')).toBe('validation_error')
    expect(await ask('user:bob both document:1')).toBe(false)
    expect(await ask('user:bob either document:1')).toBe('validation_error')
    expect(await ask('user:bob either document:1', { context: { size: 3 } })).toBe(true)
  })

  test('an exclusion that cannot be evaluated is an error, never a yes', async () => {
    const ask = asking(rules, 'user:ann viewer document:1', tuple('user:ann blocked document:1', 'small'))
    expect(await ask('user:ann open document:1')).toBe('validation_error')
    expect(await ask('user:ann open document:1', { context: { size: 1 } })).toBe(false)
    expect(await ask('user:ann open document:1', { context: { size: 11 } })).toBe(true)
    expect(await ask('user:bob open document:1')).toBe(false)
  })

  test('one parent that can be evaluated hides the error of another', async () => {
    const ask = asking(rules, tuple('group:g parent document:1', 'small'), 'group:h parent document:1')
    expect(await ask('user:ann either document:1')).toBe(false)
  })

  test('the context of a tuple wins over the one of the question', async () => {
    const ask = asking(rules, tuple('user:ann viewer document:1', 'small', { size: 50 }))
    expect(await ask('user:ann viewer document:1', { context: { size: 1 } })).toBe(false)
  })
})
