import { expect, test } from 'vitest'
import { parseInterrupt } from '../../../src/entrypoints/interrupts.ts'

const whole = {
  v: 1,
  kind: 'connection_required',
  id: 'x',
  tool: 'get_portfolio',
  message: 'Connect your account',
  expiresAt: 1_800_000_000,
  interval: 5,
  connection: 'stocktrade',
  scopes: ['portfolio:read'],
  acrValues: ['strong'],
  maxAge: 300,
  url: '/connect/stocktrade',
}

test('reads what a guard wrote, as text or as JSON', () => {
  expect(parseInterrupt(whole)).toEqual(whole)
  expect(parseInterrupt(JSON.stringify(whole))).toEqual(whole)
})

test('drops fields that it does not know', () => {
  expect(parseInterrupt({ ...whole, token: 'x', __html: 'x' })).toEqual(whole)
})

const refused: Record<string, unknown> = {
  nothing: undefined,
  null: null,
  'no JSON': '{',
  'a list': [whole],
  'another version': { ...whole, v: 2 },
  'no version': { ...whole, v: undefined },
  'another kind': { ...whole, kind: 'approved' },
  'an inherited kind': { ...whole, kind: 'toString' },
  'no id': { ...whole, id: '' },
  'no tool': { ...whole, tool: undefined },
  'a message that is no text': { ...whole, message: {} },
  'a time that is text': { ...whole, expiresAt: '1800000000' },
  'a time that is no number': { ...whole, interval: Number.NaN },
  'a negative interval': { ...whole, interval: -1 },
  'scopes that are text': { ...whole, scopes: 'portfolio:read' },
  'a scope that is no text': { ...whole, scopes: [1] },
  'a connection that is no text': { ...whole, connection: 1 },
  'a script as link': { ...whole, url: 'javascript:alert(1)' },
  'a script as link, hidden': { ...whole, url: ' java\nscript:alert(1)' },
  'data as link': { ...whole, url: 'data:text/html,x' },
}
for (const [name, value] of Object.entries(refused)) {
  test(`refuses ${name}`, () => {
    expect(parseInterrupt(value)).toBeUndefined()
  })
}
