import { verifies } from '@behalf/testing/requirements'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { boundScopes, type ScopeSource } from '../../../src/permissions/roles/bound-scopes.ts'

const all = new Set(['portfolio:read', 'trade:write'])

describe('boundScopes', () => {
  test(verifies('I5', 'grants what every source allows'), () => {
    const asked = ['portfolio:read', 'trade:write']
    expect(boundScopes({ asked, roles: all, ceiling: all, delegation: all, subjectToken: all })).toEqual({
      granted: asked,
      missing: [],
    })
    expect(boundScopes({ asked })).toEqual({ granted: asked, missing: [] })
  })

  test.each(['roles', 'ceiling', 'delegation', 'subjectToken'] as const)('%s bounds', (source) => {
    const bounds = { asked: ['portfolio:read', 'trade:write'], [source]: new Set(['portfolio:read']) }
    const named = source === 'subjectToken' ? 'subject_token' : source
    expect(boundScopes(bounds)).toEqual({ granted: [], missing: [{ scope: 'trade:write', source: named }] })
  })

  test('an empty source allows nothing; an absent one bounds nothing', () => {
    expect(boundScopes({ asked: ['a'], roles: new Set() })).toEqual({
      granted: [],
      missing: [{ scope: 'a', source: 'roles' }],
    })
    expect(boundScopes({ asked: ['a'], roles: undefined })).toEqual({ granted: ['a'], missing: [] })
  })

  test('names every reason', () => {
    const none = new Set<string>()
    expect(boundScopes({ asked: ['a', 'b'], roles: new Set(['a']), ceiling: none, delegation: none })).toEqual({
      granted: [],
      missing: [
        { scope: 'a', source: 'ceiling' },
        { scope: 'a', source: 'delegation' },
        { scope: 'b', source: 'roles' },
        { scope: 'b', source: 'ceiling' },
        { scope: 'b', source: 'delegation' },
      ],
    })
  })

  test('scopes are compared exactly', () => {
    for (const held of ['Trade:Write', 'trade:*', 'trade', 'trade:write ']) {
      expect(boundScopes({ asked: ['trade:write'], roles: new Set([held]) }).granted).toEqual([])
    }
  })

  test(verifies('I5', 'what is granted is within every source, and nothing less is refused'), () => {
    const scope = fc.constantFrom<string>('a', 'b', 'c', 'd', 'e')
    const source = fc.option(
      fc.uniqueArray(scope).map((list) => new Set(list)),
      { nil: undefined },
    )
    const bounds = fc.record({
      asked: fc.uniqueArray(scope),
      roles: source,
      ceiling: source,
      delegation: source,
      subjectToken: source,
    })
    fc.assert(
      fc.property(bounds, ({ asked, ...sources }) => {
        const result = boundScopes({ asked, ...sources })
        const present = Object.values(sources).filter((set) => set !== undefined)
        if (result.missing.length === 0) {
          expect(result.granted).toEqual(asked)
          for (const set of present) for (const granted of result.granted) expect(set.has(granted)).toBe(true)
          return
        }
        expect(result.granted).toEqual([])
        const keys: Record<ScopeSource, keyof typeof sources> = {
          roles: 'roles',
          ceiling: 'ceiling',
          delegation: 'delegation',
          subject_token: 'subjectToken',
        }
        for (const { scope, source } of result.missing) {
          expect(asked).toContain(scope)
          expect(sources[keys[source]]?.has(scope)).toBe(false)
        }
        const complaints = asked.flatMap((scope) => present.filter((set) => !set.has(scope)))
        expect(result.missing).toHaveLength(complaints.length)
      }),
    )
  })
})
