import { oidc } from '@behalf/core/providers'
import { describe, expect, test } from 'vitest'
import { type McpResourceServerOptions, mcpResourceServer } from '../../src/server/index.ts'

const authorizationServer = oidc({ issuer: 'https://as.example', clientId: 'mcp' })
const gate = (over: Partial<McpResourceServerOptions> = {}) =>
  mcpResourceServer({ resource: 'https://mcp.example/mcp', authorizationServer, ...over })

describe('configuration', () => {
  const wrong: Record<string, Partial<McpResourceServerOptions> & Record<string, unknown>> = {
    'an unknown option': { scope: ['mcp:tools'] },
    'a resource that is no address': { resource: '/mcp' },
    'a resource with a query': { resource: 'https://mcp.example.com/mcp?a=1' },
    'a resource over plain http': { resource: 'http://mcp.example.com/mcp' },
    'an unknown rule of a tool': { tools: { x: { scope: ['a'] } as never } },
    'a scope with a quote': { scopes: ['a"b'] },
    'a tool’s scope with a space': { tools: { x: { scopes: ['a b'] } } },
    'an invalid age': { tools: { x: { maxAge: -1 } } },
    'an origin with a path': { origins: ['https://a.example/'] },
    'a host with a path': { hosts: ['a.example/x'] },
    'an invalid bound': { maxBodyBytes: 0 },
  }
  test('an authorization server that is no profile is refused by the name of the option', () => {
    const settings = { issuer: 'https://as.example', clientId: 'mcp' }
    for (const given of [settings, settings.issuer, undefined]) {
      expect(() => gate({ authorizationServer: given as never })).toThrow('mcpResourceServer.authorizationServer: give')
    }
  })

  for (const [name, over] of Object.entries(wrong)) {
    test(`${name} is refused at construction`, () => {
      expect(() => gate(over)).toThrow(/mcpResourceServer|createResourceServer/)
    })
  }
})
