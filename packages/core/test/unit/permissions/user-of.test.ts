import { verifies } from '@behalf/testing/requirements'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigurationError, InvalidObjectError } from '../../../src/base/errors/index.ts'
import { encodeSubject, nameBySubject } from '../../../src/permissions/openfga/object.ts'
import { ann } from './fga-server.ts'

describe('the default userOf', () => {
  test('names users by their subject', () => {
    const userOf = nameBySubject(undefined)
    expect(userOf(ann)).toBe('user:ann')
    expect(userOf({ ...ann, subject: 'auth0|6650' })).toBe('user:auth0|6650')
    expect(userOf({ ...ann, subject: '*' })).toBe('user:%2A')
    expect(userOf({ ...ann, subject: 'group:g#member' })).toBe('user:group%3Ag%23member')
  })

  test.each([
    ['*', '%2A'],
    ['a:b', 'a%3Ab'],
    ['a#member', 'a%23member'],
    ['a b', 'a%20b'],
    ['100%', '100%25'],
    ['%2A', '%252A'],
  ])('encodes %j, so that it is no wildcard, userset or other user', (subject, encoded) => {
    expect(encodeSubject(subject)).toBe(encoded)
  })

  test(verifies('F4', 'is reversible, so no two subjects share a name'), () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (subject) => {
        const encoded = encodeSubject(subject)
        expect(decodeURIComponent(encoded)).toBe(subject)
        expect(encoded).not.toMatch(/[:#*\s\p{Cc}]/u)
      }),
    )
  })

  test('takes the longest subject of OpenID Connect', () => {
    expect(nameBySubject(undefined)({ ...ann, subject: 'x'.repeat(255) })).toHaveLength(260)
  })

  test.each(['', '\ud800', 'x'.repeat(508)])('refuses a subject that cannot be named', (subject) => {
    expect(() => nameBySubject(undefined)({ ...ann, subject })).toThrow(InvalidObjectError)
  })

  test('half a character is no subject, encoded or not', () => {
    expect(() => encodeSubject('\ud800')).toThrow(InvalidObjectError)
    expect(() => encodeSubject('*\udc00')).toThrow(InvalidObjectError)
  })

  test(verifies('F4', 'serves one issuer: the same subject of another is another person'), () => {
    const userOf = nameBySubject(undefined)
    userOf(ann)
    expect(() => userOf({ ...ann, issuer: 'https://other.example.com' })).toThrow(ConfigurationError)
    expect(userOf(ann)).toBe('user:ann')
  })

  test('serves the tenant that it was given, and no other', () => {
    expect(() => nameBySubject(undefined)({ ...ann, tenant: 'acme' })).toThrow(ConfigurationError)
    expect(nameBySubject('acme')({ ...ann, tenant: 'acme' })).toBe('user:ann')
    expect(() => nameBySubject('acme')({ ...ann, tenant: 'globex' })).toThrow(ConfigurationError)
    expect(() => nameBySubject('acme')(ann)).toThrow(ConfigurationError)
  })
})
