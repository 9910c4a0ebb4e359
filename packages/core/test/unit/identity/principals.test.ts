import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSamePrincipal, ownerOf, principalKey, type UserIdentity } from '../../../src/base/contract/index.ts'
import { admit } from '../../../src/identity/verified.ts'

const ann = { issuer: 'https://login.example.com', tenant: 'acme', subject: 'ann', clientId: 'web' }
const worker = { issuer: ann.issuer, tenant: ann.tenant, clientId: 'worker' }

describe('a principal is a subject of one issuer and tenant (I7)', () => {
  test.each([
    ['issuer', { issuer: 'https://other.example.com' }],
    ['tenant', { tenant: 'other' }],
    ['subject', { subject: 'bob' }],
  ])('another %s is another principal', (_, change) => {
    expect(principalKey({ ...ann, ...change })).not.toBe(principalKey(ann))
    expect(isSamePrincipal({ ...ann, ...change }, ann)).toBe(false)
  })

  test('a user is the same through every client, and no tenant is not every tenant', () => {
    expect(isSamePrincipal({ ...ann, clientId: 'cli' }, ann)).toBe(true)
    expect(isSamePrincipal({ ...ann, tenant: undefined }, ann)).toBe(false)
  })

  test('an agent without a user is its client, and never the user of that name', () => {
    expect(isSamePrincipal(worker, { ...worker })).toBe(true)
    expect(isSamePrincipal(worker, { ...worker, clientId: 'other' })).toBe(false)
    expect(isSamePrincipal(worker, { ...worker, subject: 'worker' })).toBe(false)
  })

  test('no principal is not the same as no principal', () => expect(isSamePrincipal(undefined, undefined)).toBe(false))

  test('no two principals have one key, whatever signs their names hold', () => {
    const part = fc.string({ unit: fc.constantFrom('"', ',', '[', 'a', '\\') })
    const principal = fc.record({ issuer: part, tenant: fc.option(part, { nil: undefined }), subject: part })
    fc.assert(
      fc.property(principal, principal, (left, right) => {
        const isEqual = left.issuer === right.issuer && left.tenant === right.tenant && left.subject === right.subject
        expect(principalKey(left) === principalKey(right)).toBe(isEqual)
      }),
    )
  })
})

test('an owner is read from an identity whose fields are not enumerable', () => {
  const identity = admit<UserIdentity>({ kind: 'user', ...ann, sessionId: 's-1', claims: { sub: 'ann' } })
  expect(ownerOf(identity)).toStrictEqual(ann)
  expect(principalKey(identity)).toBe(principalKey(ann))
  expect(ownerOf(admit({ kind: 'agent', issuer: ann.issuer, clientId: 'worker', claims: {} }))).toStrictEqual({
    issuer: ann.issuer,
    clientId: 'worker',
  })
})
