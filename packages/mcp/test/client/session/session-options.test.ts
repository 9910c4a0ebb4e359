import { memoryStore } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { createMcpSession } from '../../../src/client/index.ts'

const redirectUri = 'http://127.0.0.1/callback'

describe('configuration', () => {
  const refuses =
    (over: object, text = /createMcpSession/) =>
    () => {
      const options = {
        serverUrl: 'https://mcp.example.com/mcp',
        owner: 'ann',
        client: { name: 'x', redirectUri },
        showSignIn: () => {},
        store: memoryStore(),
      }
      expect(() => createMcpSession(options)).not.toThrow()
      expect(() => createMcpSession({ ...options, ...over })).toThrow(text)
    }
  test('an unknown option', refuses({ user: 'ann' }))
  test('a server over plain http', refuses({ serverUrl: 'http://mcp.example.com/mcp' }))
  test('no owner', refuses({ owner: '' }))
  test(
    'an owner that no verification made',
    refuses(
      { owner: { kind: 'user', issuer: 'x', subject: 'ann', claims: {} } },
      /createMcpSession\.owner: no verification/,
    ),
  )
  for (const wrong of [
    'javascript:alert(1)',
    'http://app.example/cb',
    'com.example.app:/cb',
    'https://app.example/cb#x',
  ]) {
    verifies('MCP-CLIENT-redirect-uri', wrong, refuses({ client: { name: 'x', redirectUri: wrong } }))
  }
  test(
    'a metadata document over http',
    refuses({ client: { name: 'x', redirectUri, metadataUrl: 'http://a.example/c' } }),
  )
  test.each([{ timeoutMs: 0 }, { timeoutMs: Number.NaN }, { timeoutMs: 2 ** 31 }, { signInSeconds: -1 }])(
    '%o',
    (over) => refuses(over)(),
  )
  test.each([['https://as.internal'], ['AS.internal'], ['as.internal:8443'], [''], 'as.internal'])(
    'an invalid trusted host: %s',
    (...trustedHosts) => refuses({ trustedHosts: trustedHosts[0] === 'as.internal' ? 'as.internal' : trustedHosts })(),
  )
  test('tokens that are to be bound, said by a text', refuses({ dpop: 'true' }))
  test('device login, said by a text', refuses({ client: { name: 'x', redirectUri, deviceLogin: 'yes' } }))
  test('an invalid fetch', refuses({ fetch: 'fetch' }))
  test('an unknown field of the client', refuses({ client: { name: 'x', redirectUri, secret: 's' } }))
})
