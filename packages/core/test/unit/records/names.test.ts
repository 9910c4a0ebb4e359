import { describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { ConfigurationError } from '../../../src/base/errors/index.ts'
import {
  checkLifetime,
  concerns,
  provenAtOf,
  revocableName,
  revocableNames,
} from '../../../src/records/revocation/index.ts'
import { mergeRevoked, nameOf, namesOf } from '../../../src/records/revocation/revoked.ts'

const issuer = 'https://login.example.com'
const user: UserIdentity = { kind: 'user', issuer, subject: 'ann', claims: {} }

describe('the names of revocations', () => {
  test('a revocation names a delegation before a session, and a session before a subject', () => {
    const all = { issuer, subject: 'ann', session: 's1', delegation: 'd1' }
    expect(nameOf(all)).toEqual({ kind: 'delegation', issuer, id: 'd1' })
    expect(nameOf({ issuer, subject: 'ann', session: 's1' })).toEqual({ kind: 'session', issuer, id: 's1' })
    expect(nameOf({ issuer, subject: 'ann' })).toEqual({ kind: 'subject', issuer, id: 'ann' })
  })

  test('a revocation of an issuer alone is refused', () => {
    expect(() => nameOf({ issuer, tenant: 't1' })).toThrow(ConfigurationError)
  })

  test('a proof has the names that it carries, and no other', () => {
    const subject = { kind: 'subject', issuer, id: 'ann' }
    expect(namesOf(user)).toEqual([subject])
    expect(namesOf({ ...user, sessionId: 's1' })).toEqual([subject, { kind: 'session', issuer, id: 's1' }])
    expect(namesOf({ ...user, delegationId: 'd1' })).toEqual([subject, { kind: 'delegation', issuer, id: 'd1' }])
  })

  test('a record is listed under its user with and without the tenant, and under each session', () => {
    expect(revocableName({ issuer, tenant: 't1', subject: 'ann' })).toEqual(['owner', issuer, 't1', 'ann'])
    expect(revocableName({ issuer, tenant: 't1', subject: 'ann', session: 's1' })).toEqual(['session', issuer, 's1'])
    expect(revocableNames({ issuer, subject: 'ann' })).toEqual([['owner', issuer, undefined, 'ann']])
    expect(revocableNames({ issuer, tenant: 't1', subject: 'ann' }, ['s1', 's2'])).toEqual([
      ['owner', issuer, 't1', 'ann'],
      ['owner', issuer, undefined, 'ann'],
      ['session', issuer, 's1'],
      ['session', issuer, 's2'],
    ])
  })
})

describe('whom a revocation concerns', () => {
  const ann = { issuer, tenant: 't1', subject: 'ann' }

  test.each([
    ['the user', ann],
    ['the subject in all tenants', { issuer, subject: 'ann' }],
    ['all users of the tenant', { issuer, tenant: 't1' }],
  ])('%s', (_, revoked) => expect(concerns(revoked, ann)).toBe(true))

  test.each([
    ['another issuer', { ...ann, issuer: 'https://other.example.com' }],
    ['another tenant', { ...ann, tenant: 't2' }],
    ['another subject', { ...ann, subject: 'bob' }],
  ])('not %s', (_, revoked) => expect(concerns(revoked, ann)).toBe(false))
})

describe('revocations under one name', () => {
  const first = { issuer, tenant: 't1', subject: 'ann', at: 100 }

  test('a second revocation of the same user moves the time, and never back', () => {
    expect(mergeRevoked([first], { ...first, at: 200 })).toEqual([{ ...first, at: 200 }])
    expect(mergeRevoked([first], { ...first, at: 50 })).toEqual([first])
  })

  test.each([
    ['issuer', { ...first, issuer: 'https://other.example.com' }],
    ['tenant', { ...first, tenant: 't2' }],
    ['subject', { ...first, subject: 'bob' }],
  ])('a revocation of another %s takes the place of none', (_, other) => {
    expect(mergeRevoked([first], { ...other, at: 50 })).toEqual([first, { ...other, at: 50 }])
  })
})

describe('when a proof was made', () => {
  test('the earlier of the login and the proof of a session counts', () => {
    expect(provenAtOf({ ...user, authTime: 100, provenAt: 200 })).toBe(100)
    expect(provenAtOf({ ...user, authTime: 200, provenAt: 100 })).toBe(100)
    expect(provenAtOf({ ...user, authTime: 300, claims: { iat: 100 } })).toBe(300)
    expect(provenAtOf({ ...user, provenAt: 300, claims: { iat: 100 } })).toBe(300)
  })

  test('without both, the time at which the token was issued counts, and only as a number', () => {
    expect(provenAtOf({ ...user, claims: { iat: 100 } })).toBe(100)
    expect(provenAtOf({ ...user, claims: { iat: '100' } })).toBeUndefined()
    expect(provenAtOf(user)).toBeUndefined()
  })
})

test('a grant of 366 days is the longest one', () => {
  const longest = 366 * 24 * 3600
  expect(() => checkLifetime('option', longest)).not.toThrow()
  expect(() => checkLifetime('option', longest + 0.5)).toThrow(/option: lasts 31622401 seconds, and at most 31622400/)
})
