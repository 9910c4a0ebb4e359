import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../src/base/errors/index.ts'
import { resource } from '../../../src/guard/tools/resource.ts'

const API = 'https://api.example.com/trade'

describe('resource', () => {
  test('is frozen data; its origin is that of the identifier', () => {
    const rule = resource(API, { scopes: ['trade:write'] })
    expect(rule).toEqual({
      kind: 'resource',
      resource: API,
      scopes: ['trade:write'],
      origins: ['https://api.example.com'],
    })
    expect([rule, rule.scopes, rule.origins].every(Object.isFrozen)).toBe(true)
    expect(rule).not.toHaveProperty('withoutApproval')
  })

  test('keeps what an exempted call may ask for', () => {
    const rule = resource(API, { scopes: ['trade:write'], withoutApproval: ['trade:small'] })
    expect(rule.withoutApproval).toEqual(['trade:small'])
  })

  test('an identifier that is no web address needs its origins named', () => {
    expect(() => resource('urn:example:api', { scopes: ['a'] })).toThrow('resource.origins')
    const rule = resource('urn:example:api', { scopes: ['a'], origins: ['https://api.example.com'] })
    expect(rule).toMatchObject({ resource: 'urn:example:api', origins: ['https://api.example.com'] })
  })

  test('what needs an approval cannot be had without one', () => {
    expect(() => resource(API, { scopes: ['a', 'b'], withoutApproval: ['b'] })).toThrow('resource.withoutApproval')
  })

  test.each([
    ['resource', 'api.example.com', { scopes: ['a'] }],
    ['resource', '/trade', { scopes: ['a'] }],
    ['resource', `${API}#x`, { scopes: ['a'] }],
    ['resource', `${API}#`, { scopes: ['a'] }],
    ['resource', ` ${API}`, { scopes: ['a'] }],
    ['resource', undefined, { scopes: ['a'] }],
    ['resource.scopes', API, {}],
    ['resource.scopes', API, { scopes: [] }],
    ['resource.scopes[0]', API, { scopes: ['a b'] }],
    ['resource.scopes[1]', API, { scopes: ['a', 'a'] }],
    ['resource.withoutApproval', API, { scopes: ['a'], withoutApproval: [] }],
    ['resource.origins[0]', API, { scopes: ['a'], origins: ['https://api.example.com/'] }],
    ['resource.origins[0]', API, { scopes: ['a'], origins: ['*'] }],
    ['resource.origins[0]', 'http://api.example.com', { scopes: ['a'] }],
    ['resource.origins', API, { scopes: ['a'], origins: [] }],
    ['resource.origin', API, { scopes: ['a'], origin: 'https://api.example.com' }],
  ])('%s is refused: %j %j', (option, uri, options) => {
    expect(() => resource(uri as never, options as never)).toThrow(ConfigurationError)
    expect(() => resource(uri as never, options as never)).toThrow(`${option}: `)
  })

  test('loopback may be plain http', () => {
    expect(resource('http://127.0.0.1:4000/api', { scopes: ['a'] }).origins).toEqual(['http://127.0.0.1:4000'])
  })
})
