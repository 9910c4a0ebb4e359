import { createMockOpenFga } from '@behalf/testing'
import { expect, test } from 'vitest'
import { createEngine, explanationText, memoryTuples } from '../src/index.ts'
import { tradingModel, tuple } from './models/from-language.ts'

const expires_at = '2027-01-01T00:00:00Z'
const tuples = memoryTuples([
  tuple('user:ann owner portfolio:p1'),
  tuple('organization:acme org portfolio:p1'),
  tuple('agent:bad suspended organization:acme'),
  ...['agent:bot', 'agent:bad'].map((agent) =>
    tuple(`${agent} agent_trader portfolio:p1`, 'within_mandate', {
      expires_at,
      max_amount: 100,
      symbols: ['AAPL'],
      sides: ['buy'],
    }),
  ),
])
const engine = createEngine({ model: tradingModel(), tuples })
const expression = tradingModel().conditions?.within_mandate?.expression.replaceAll(/\s+/g, ' ').trim()
const order = { now: '2026-06-01T12:00:00Z', amount: 50, symbol: 'AAPL', side: 'buy' }
const told = async (question: string, context: Record<string, unknown> = order) =>
  explanationText(await engine.explain({ ...tuple(question), context })).split('\n')

test('an allow leads down to the tuple that decided', async () => {
  expect(await told('user:ann user_can_view portfolio:p1')).toEqual([
    '+ portfolio:p1#user_can_view',
    '  + union portfolio:p1#user_can_view',
    '    + portfolio:p1#viewer',
    '      + union portfolio:p1#viewer',
    '        - direct portfolio:p1#viewer (no tuple)',
    '        - portfolio:p1#trader',
    '          - direct portfolio:p1#trader (no tuple)',
    '        + portfolio:p1#owner',
    '          + direct portfolio:p1#owner',
    '            + portfolio:p1#owner@user:ann (the tuple is there)',
  ])
})

test('a denial names the condition that does not hold, and no value of its context', async () => {
  const lines = await told('agent:bot agent_can_trade portfolio:p1', { ...order, amount: 101 })
  expect(lines.at(-1)?.trim()).toBe(
    `- portfolio:p1#agent_trader@agent:bot (its condition within_mandate does not hold: ${expression})`,
  )
  expect(lines.join()).not.toContain('101')
})

test('with explainValues, a denial names the values of the condition, and whose they are', async () => {
  const own = createEngine({ model: tradingModel(), tuples, explainValues: true })
  const question = { ...tuple('agent:bot agent_can_trade portfolio:p1'), context: { ...order, amount: 101 } }
  const last = explanationText(await own.explain(question))
    .split('\n')
    .at(-1)
  expect(last).toContain(`does not hold: ${expression}, `)
  expect(last).toContain('amount = 101 of the question')
  expect(last).toContain('max_amount = 100 of the tuple')
  expect(last).toContain('symbols = ["AAPL"] of the tuple')
})

test('a denial shows what was subtracted', async () => {
  expect(await told('agent:bad agent_can_trade portfolio:p1')).toEqual([
    '- portfolio:p1#agent_can_trade',
    '  - exclusion portfolio:p1#agent_can_trade',
    '    + portfolio:p1#agent_trader',
    '      + direct portfolio:p1#agent_trader',
    `        + portfolio:p1#agent_trader@agent:bad (its condition within_mandate holds: ${expression})`,
    '    + from portfolio:p1#agent_can_trade: suspended from org',
    '      + organization:acme#suspended',
    '        + direct organization:acme#suspended',
    '          + organization:acme#suspended@agent:bad (the tuple is there)',
  ])
})

test('what cannot be evaluated is a verdict, with what is missing', async () => {
  const explanation = await engine.explain(tuple('agent:bot agent_can_trade portfolio:p1'))
  expect(explanation.verdict).toBe('error')
  expect(explanationText(explanation)).toContain('is missing context parameters')
})

test('a type that can never have the relation is told by the model', async () => {
  expect(await told('agent:bot owner portfolio:p1')).toEqual([
    '- portfolio:p1#owner (the model has no path from agent to it)',
  ])
})

test('a circle is told', async () => {
  const groups = createEngine({
    model: tradingModel(),
    tuples: [tuple('group:b#member member group:a'), tuple('group:a#member member group:b')],
  })
  const text = explanationText(await groups.explain(tuple('user:ann member group:a')))
  expect(text).toContain('~ group:a#member (led back to itself)')
})

test('the mocked OpenFGA of the testing package has this model', () => {
  const { id, ...mocked } = createMockOpenFga().model
  const { type_definitions: types, conditions } = JSON.parse(JSON.stringify(tradingModel()))
  expect(mocked.type_definitions.map((one) => one.type)).toEqual(types.map((one: { type: string }) => one.type))
  for (const [index, definition] of mocked.type_definitions.entries()) {
    expect(definition.relations).toEqual(types[index].relations)
    for (const [relation, { directly_related_user_types: takes }] of Object.entries(
      definition.metadata?.relations ?? {},
    )) {
      expect(takes).toEqual(types[index].metadata.relations[relation].directly_related_user_types ?? [])
    }
  }
  for (const [name, { expression, parameters }] of Object.entries(mocked.conditions ?? {})) {
    expect(expression).toBe(conditions[name].expression.trim())
    expect(parameters).toEqual(conditions[name].parameters)
  }
  expect(Object.keys(mocked.conditions ?? {})).toEqual(Object.keys(conditions))
})
