import { expect, test } from 'vitest'
import { admit, isVerified } from '../../../src/identity/verified.ts'
import type { UserIdentity } from '../../../src/index.ts'

const nested = (levels: number): Record<string, unknown> => (levels === 0 ? {} : { in: nested(levels - 1) })
const userWith = (claims: Record<string, unknown>): UserIdentity => ({
  kind: 'user',
  issuer: 'https://issuer.example',
  subject: 'ann',
  claims,
})

test('an identity whose claims are nested too deep is refused, and not known afterwards', () => {
  const user = userWith(nested(200))
  expect(() => admit(user)).toThrow('the claims are nested too deep')
  expect(isVerified(user)).toBe(false)
})

test('one that is admitted is frozen with all that it holds', () => {
  const user = admit(userWith(nested(20)))
  expect(isVerified(user)).toBe(true)
  expect([user, user.claims, user.claims.in].every((part) => Object.isFrozen(part))).toBe(true)
})
