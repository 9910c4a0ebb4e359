import { expect, test } from 'vitest'
import { ownIssuerOf, tokenCacheKey } from '../../../src/token-exchange/token-cache-key.ts'
import { ISSUER, user } from '../guard/small-world.ts'

test('a token is shown to no server but the one that issued it', () => {
  const key = (source: 'resource' | 'connection', target: string) =>
    ownIssuerOf(tokenCacheKey(user(), { source, target, scopes: ['read'] }))
  expect(key('resource', 'https://api.example')).toBe(ISSUER)
  expect(key('resource', 'https://api.example https://other-issuer.example')).toBeUndefined()
  expect(key('connection', 'mail')).toBeUndefined()
})
