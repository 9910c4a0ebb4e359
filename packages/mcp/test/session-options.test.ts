import { memoryStore } from '@behalf/core'
import { describe, expect, test } from 'vitest'
import { createMcpSession } from '../src/client/index.ts'

const redirectUri = 'http://127.0.0.1/callback'

describe('configuration', () => {
  const refuses = (over: object) => () => {
    const options = {
      serverUrl: 'https://mcp.example.com/mcp',
      owner: 'ann',
      client: { name: 'x', redirectUri },
      showSignIn: () => {},
      store: memoryStore(),
    }
    expect(() => createMcpSession(options)).not.toThrow()
    expect(() => createMcpSession({ ...options, ...over })).toThrow(/createMcpSession|identity/)
  }
  test('an unknown option', refuses({ user: 'ann' }))
  test('a server over plain http', refuses({ serverUrl: 'http://mcp.example.com/mcp' }))
  test('no owner', refuses({ owner: '' }))
  test(
    'an owner that no verification made',
    refuses({ owner: { kind: 'user', issuer: 'x', subject: 'ann', claims: {} } }),
  )
  test('a redirect that a browser runs', refuses({ client: { name: 'x', redirectUri: 'javascript:alert(1)' } }))
  test('a redirect over plain http', refuses({ client: { name: 'x', redirectUri: 'http://app.example/cb' } }))
  test(
    'a metadata document over http',
    refuses({ client: { name: 'x', redirectUri, metadataUrl: 'http://a.example/c' } }),
  )
  test('an unknown field of the client', refuses({ client: { name: 'x', redirectUri, secret: 's' } }))
})
