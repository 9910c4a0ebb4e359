import type { OpenFgaClient } from '@openfga/sdk'
import { describe, expectTypeOf, test } from 'vitest'
import type { ResourceRule } from '../../src/base/contract/index.ts'
import type { OwnClientOptions } from '../../src/entrypoints/fga.ts'
import { connection } from '../../src/guard/tools/connection.ts'
import { type ExemptibleResourceRule, resource } from '../../src/guard/tools/resource.ts'
import { may } from '../../src/permissions/openfga/may.ts'
import { object } from '../../src/permissions/openfga/object.ts'
import { openFga } from '../../src/permissions/openfga/open-fga.ts'
import { roleMap } from '../../src/permissions/roles/role-map.ts'
import type { TokenCache } from '../../src/token-exchange/token-cache.ts'
import type { tokenCacheKey } from '../../src/token-exchange/token-cache-key.ts'

declare const input: { readonly symbol: string; readonly nested: { readonly amount: number } }
declare const cache: TokenCache
declare const sdk: OpenFgaClient
const p1 = object('portfolio', 'p1')

describe('what does not compile', () => {
  test('a plain string as FGA object', () => {
    // @ts-expect-error use object(type, id)
    may('can_view', 'portfolio:p1')
    // @ts-expect-error use object(type, id)
    openFga({ userOf: () => 'user:ann' })
  })

  test('an input as the context of a condition, and its clock', () => {
    // @ts-expect-error an object is not a fact: name each field
    may('can_trade', p1, { context: { input } })
    // @ts-expect-error the input as a whole holds more than facts
    may('can_trade', p1, { context: input })
    // @ts-expect-error the checker sets the time
    may('can_trade', p1, { context: { now: '2026-11-25T10:00:00Z' } })
    may('can_trade', p1, { context: { symbol: input.symbol, amount: input.nested.amount } })
  })

  test('a role map that reads roles in two ways, or in none', () => {
    const scopes = { trader: ['trade:write'] }
    // @ts-expect-error claim or extract
    roleMap({ claim: 'roles', extract: () => [], scopes })
    // @ts-expect-error claim or extract
    roleMap({ scopes })
  })

  test('a connection without origins', () => {
    // @ts-expect-error its token could go anywhere
    connection('google-oauth2', { scopes: ['calendar.read'] })
  })

  test('a cache key that is written by hand', () => {
    // @ts-expect-error use tokenCacheKey
    cache.peek('ann')
    expectTypeOf(cache.peek).parameter(0).toEqualTypeOf<ReturnType<typeof tokenCacheKey>>()
  })
})

test('the SDK’s own client fits, and a half of it does not', () => {
  const rest = { authorizationModelId: '01KAZ000000000000000M0DE00', relations: { user: (name: string) => name } }
  expectTypeOf<OpenFgaClient>().toExtend<OwnClientOptions['client']>()
  openFga({ client: sdk, ...rest })
  // @ts-expect-error batchCheck is asked as well
  openFga({ client: { check: sdk.check }, ...rest })
})

test('a resource keeps what an exempted call may ask for in its type', () => {
  const API = 'https://api.example.com'
  expectTypeOf(resource(API, { scopes: ['a'] })).toEqualTypeOf<ResourceRule>()
  expectTypeOf(resource(API, { scopes: ['a'], withoutApproval: ['b'] })).toEqualTypeOf<ExemptibleResourceRule>()
})
