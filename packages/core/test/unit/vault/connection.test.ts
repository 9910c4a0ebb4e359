import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ConfigurationError } from '../../../src/base/errors/index.ts'
import { connection } from '../../../src/guard/tools/connection.ts'
import { policy } from '../../../src/guard/tools/policy.ts'

const origins = ['https://www.googleapis.com']

describe('connection', () => {
  test('is frozen data', () => {
    const rule = connection('google-oauth2', { scopes: ['calendar.read'], origins, account: '115' })
    expect(JSON.parse(JSON.stringify(rule))).toEqual({
      kind: 'connection',
      connection: 'google-oauth2',
      scopes: ['calendar.read'],
      origins,
      account: '115',
    })
    expect([rule, rule.scopes, rule.origins].every(Object.isFrozen)).toBe(true)
    expect(connection('x', { scopes: ['a'], origins })).not.toHaveProperty('account')
  })

  test('a policy takes a copy of a rule, and refuses data that only looks like one', () => {
    const rule = connection('x', { scopes: ['a'], origins })
    expect(() => policy(z.strictObject({}), { access: { x: { ...rule } } })).not.toThrow()
    const data = JSON.parse(JSON.stringify(rule))
    expect(() => policy(z.strictObject({}), { access: { x: data } })).toThrow('policy.access.x')
  })

  test('a change to the options changes no rule', () => {
    const own = [...origins]
    const rule = connection('x', { scopes: ['a'], origins: own })
    own.push('https://evil.example.com')
    expect(rule.origins).toEqual(origins)
  })

  test.each([
    ['connection', '', { scopes: ['a'], origins }],
    ['connection', undefined, { scopes: ['a'], origins }],
    ['connection.scopes', 'x', { origins }],
    ['connection.scopes[0]', 'x', { scopes: ['a b'], origins }],
    ['connection.origins', 'x', { scopes: ['a'] }],
    ['connection.origins', 'x', { scopes: ['a'], origins: [] }],
    ['connection.origins[0]', 'x', { scopes: ['a'], origins: ['www.googleapis.com'] }],
    ['connection.origins[0]', 'x', { scopes: ['a'], origins: ['https://www.googleapis.com/calendar'] }],
    ['connection.origins[0]', 'x', { scopes: ['a'], origins: ['https://WWW.googleapis.com'] }],
    ['connection.origins[0]', 'x', { scopes: ['a'], origins: ['https://*.googleapis.com'] }],
    ['connection.origins[0]', 'x', { scopes: ['a'], origins: ['http://www.googleapis.com'] }],
    ['connection.origins[0]', 'x', { scopes: ['a'], origins: ['http://127.0.0.1.evil.example.com'] }],
    ['connection.origins[0]', 'x', { scopes: ['a'], origins: ['null'] }],
    ['connection.origins[1]', 'x', { scopes: ['a'], origins: [...origins, ...origins] }],
    ['connection.account', 'x', { scopes: ['a'], origins, account: '' }],
    ['connection.scope', 'x', { scope: 'a', scopes: ['a'], origins }],
  ])('%s is refused: %j %j', (option, name, options) => {
    expect(() => connection(name as never, options as never)).toThrow(ConfigurationError)
    expect(() => connection(name as never, options as never)).toThrow(`${option}: `)
  })

  test.each(['http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000'])(
    'loopback may be plain: %s',
    (origin) => {
      expect(connection('x', { scopes: ['a'], origins: [origin] }).origins).toEqual([origin])
    },
  )
})
