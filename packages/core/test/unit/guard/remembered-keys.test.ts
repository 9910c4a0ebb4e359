import { describe, expect, test, vi } from 'vitest'
import { generateDpopKey } from '../../../src/entrypoints/providers.ts'
import type { AccessRule } from '../../../src/entrypoints/spi.ts'
import { tokenKey } from '../../../src/guard/credentials/token-key.ts'
import { fieldsOf } from '../../../src/identity/verified.ts'
import { type Identity, resource } from '../../../src/index.ts'
import { servers, user } from './small-world.ts'

const dpop = await generateDpopKey()

const rule = resource('https://api.example/', { scopes: ['send'] })

describe('the key that is remembered of an identity and a rule', () => {
  test('is no answer for other scopes, or another key of ours (I2)', () => {
    const identity = user()
    const fewer = Object.freeze(['read'])
    const asked = [
      () => tokenKey(identity, rule, rule.scopes, servers()),
      () => tokenKey(identity, rule, rule.scopes, servers({ dpop })),
      () => tokenKey(identity, rule, fewer, servers({ dpop })),
      () => tokenKey(identity, rule, fewer, servers()),
    ]
    const keys = asked.map((ask) => ask())
    expect(new Set(keys).size).toBe(asked.length)
    for (const [index, ask] of asked.entries()) expect([ask(), ask()]).toEqual([keys[index], keys[index]])
  })

  test('is no answer for another user, nor for another rule (I2)', () => {
    const other = resource('https://other.example/', { scopes: ['send'] })
    const [ann, bob] = [user(), user({ subject: 'bob' })]
    const pairs = [ann, bob, ann, bob].flatMap((identity) => [rule, other].map((one) => [identity, one] as const))
    const keys = pairs.map(([identity, one]) => tokenKey(identity, one, rule.scopes, servers()))
    expect(new Set(keys).size).toBe(4)
    expect(keys.slice(4)).toEqual(keys.slice(0, 4))
  })

  test('is found again and not made again', () => {
    const [ann, bob] = [user(), user({ subject: 'bob' })]
    const other = resource('https://other.example/', { scopes: ['send'] })
    const own = servers()
    const all = () => [ann, bob].flatMap((one) => [rule, other].map((each) => tokenKey(one, each, rule.scopes, own)))
    const keys = all()
    const makes = vi.spyOn(JSON, 'stringify')
    const again = all()
    expect(makes).not.toHaveBeenCalled()
    makes.mockRestore()
    expect(again).toEqual(keys)
  })

  test.each<[string, (scopes: string[], identity: Identity, rule: AccessRule) => unknown]>([
    ['scopes', (scopes) => scopes.push('read')],
    ['an identity', (_, identity) => Object.assign(identity, { subject: 'bob' })],
    ['a rule', (_, __, changing) => Object.assign(changing, { resource: 'https://other.example/' })],
  ])('is computed again for %s that may still change', (what, change) => {
    const scopes = what === 'scopes' ? ['send'] : rule.scopes
    const identity = what === 'an identity' ? fieldsOf(user()) : user()
    const changing = what === 'a rule' ? { ...rule } : rule
    const before = tokenKey(identity, changing, scopes, servers())
    change(scopes as string[], identity, changing)
    expect(tokenKey(identity, changing, scopes, servers())).not.toBe(before)
  })
})
