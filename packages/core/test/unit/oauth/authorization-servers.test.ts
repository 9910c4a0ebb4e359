import { describe, expect, test } from 'vitest'
import { authorizationServers } from '../../../src/oauth/authorization-servers.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { surroundingsOf } from '../../../src/oauth/server.ts'

const ours = oidc({ issuer: 'https://as.example.com', clientId: 'c' })
const noFetch = surroundingsOf('test', {
  fetch: () => {
    throw new Error('a request was made')
  },
})

describe('authorizationServers', () => {
  test('knows its one issuer, spelt exactly so', () => {
    const servers = authorizationServers(ours, noFetch)
    expect(servers.of(ours.issuer).profile).toBe(ours)
    for (const other of ['https://as.example.com/', 'https://AS.example.com', 'https://evil.example.com', '']) {
      expect(servers.knows(other)).toBe(false)
      expect(() => servers.of(other)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
    }
  })

  test('asks the app for each issuer, and gives one connection a profile', () => {
    const servers = authorizationServers((issuer) => (issuer === ours.issuer ? ours : undefined), noFetch)
    expect(servers.of(ours.issuer)).toBe(servers.of(ours.issuer))
    expect(servers.knows('https://evil.example.com')).toBe(false)
  })

  test("takes no profile of another issuer for an answer: it would vouch for the asker's tokens", () => {
    const servers = authorizationServers(() => ours, noFetch)
    expect(servers.knows('https://evil.example.com')).toBe(false)
    expect(() => servers.of('https://evil.example.com')).toThrow('does not know the issuer')
  })
})

describe('surroundingsOf', () => {
  test.each([
    ['fetch', { fetch: 'x' }],
    ['clock', { clock: {} }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: 1.5 }],
    ['timeoutMs', { timeoutMs: 2 ** 31 }],
  ])('refuses a wrong %s', (option, options) => {
    expect(() => surroundingsOf('guard', options as never)).toThrow(
      expect.objectContaining({ option: `guard.${option}` }),
    )
  })

  test('gives everybody the same default fetch, so that discovery is shared', () => {
    expect(surroundingsOf('a', {}).fetch).toBe(surroundingsOf('b', {}).fetch)
  })
})
