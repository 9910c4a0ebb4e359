import { describe, expect, test } from 'vitest'
import { coercions, conditionModel } from '../models/coercions.ts'
import { parameters, refusedExpressions, takenExpressions } from '../models/expressions.ts'
import { tradingModel, tuple } from '../models/from-language.ts'
import { refusedModels } from '../models/refused-models.ts'
import { agrees } from './agrees.ts'
import type { Answers, Place } from './answers.ts'
import { loadStores, type Scenario } from './load-stores.ts'
import { inProcess, liveServer } from './places.ts'
import { randomWorld } from './random-world.ts'

const { OPENFGA_URL } = process.env
if (OPENFGA_URL === undefined) console.log('not run: OPENFGA_URL does not say where an OpenFGA answers')

const server: Place = liveServer(OPENFGA_URL ?? '')
/** Questions without an expected answer: what the server says is right. */
type Questions = Pick<Scenario, 'checks' | 'lists'>

describe.runIf(OPENFGA_URL !== undefined)('a real OpenFGA and the engine, side by side', () => {
  for (const { name, model, scenarios } of loadStores() ?? []) {
    for (const scenario of scenarios) {
      test(`${name}: ${scenario.name}`, async () => {
        const live = await server(model, scenario.tuples)
        await agrees(scenario, live)
        expect(await differences(scenario, live, await inProcess(model, scenario.tuples))).toEqual([])
      })
    }
  }

  test('the trading model, with facts that are missing and wrong', async () => {
    const expires_at = '2027-01-01T00:00:00Z'
    const mandate = { expires_at, max_amount: 100, symbols: ['AAPL'], sides: ['buy'] }
    const tuples = [
      tuple('user:ann owner portfolio:p1'),
      tuple('organization:o org portfolio:p1'),
      tuple('agent:bad suspended organization:o'),
      tuple('agent:bot agent_trader portfolio:p1', 'within_mandate', mandate),
      tuple('agent:bad agent_trader portfolio:p1', 'within_mandate', mandate),
      tuple('user:ann acts_for agent:bot', 'unexpired', { expires_at }),
    ]
    const order = { now: '2026-11-25T10:00:00Z', amount: 50, symbol: 'AAPL', side: 'buy' }
    const contexts = [
      order,
      {},
      ...[{ amount: 101 }, { amount: '50' }, { amount: 'x' }, { amount: 5.5 }, { amount: null }, { now: 'today' }],
      ...[{ now: '2026-11-25T10:00:00+01:00' }, { now: '2027-11-25T10:00:00Z' }, { max_amount: 1e6, amount: 101 }],
      ...[{ symbol: ['AAPL'] }, { side: 'sell' }, { expires_at: 'soon' }],
    ].map((change) => ({ ...(Object.keys(change).length > 0 && order), ...change }))
    const questions = ['bot', 'bad', 'new'].flatMap((agent) => [
      `agent:${agent} agent_can_trade portfolio:p1`,
      `agent:${agent} agent_can_view portfolio:p1`,
      `user:ann acts_for agent:${agent}`,
    ])
    const checks = questions.flatMap((text) =>
      contexts.map((context) => ({ question: { ...tuple(text), context }, expected: true })),
    )
    const model = tradingModel()
    const places = [await server(model, tuples), await inProcess(model, tuples)] as const
    expect(await differences({ checks, lists: [] }, ...places)).toEqual([])
  })

  test.each(coercions)('%s: %s of %j', async (type, expression, value, answer) => {
    const tuples = [tuple('user:ann viewer document:1', 'rule')]
    const live = await server(conditionModel({ v: type }, expression), tuples)
    expect(await live.check({ ...tuple('user:ann viewer document:1'), context: { v: value } })).toBe(answer)
  })

  test.each(refusedModels)('a model with %s is refused', async (_name, model) => {
    await expect(server(model, [])).rejects.toThrow('authorization-models')
  })

  test('conditions with expressions that it takes, and with others', async () => {
    for (const expression of takenExpressions) await server(conditionModel(parameters, expression), [])
    for (const expression of refusedExpressions) {
      const refused = server(conditionModel(parameters, expression), [])
      await expect(refused, expression).rejects.toThrow('authorization-models')
    }
  })

  // Not 23: there OpenFGA 1.22.1 contradicts itself. Where everybody has a relation under a condition that does not hold,
  // and the user has it as well, it denies by way of `from` what it allows when asked directly, and what it lists.
  const seeds = Array.from({ length: 40 }, (_, index) => index + 1).filter((seed) => seed !== 23)
  test.each(seeds)('random world %i', async (seed) => {
    const { model, tuples, checks, lists } = randomWorld(seed)
    const place = await server(model, tuples).catch((error: Error) => error)
    const own = await inProcess(model, tuples).catch((error: Error) => error)
    // Most models have relations that no user can have: both refuse those, or neither.
    expect(own instanceof Error, String(place)).toBe(place instanceof Error)
    if (place instanceof Error || own instanceof Error) return
    expect(await differences({ checks, lists }, place, own)).toEqual([])
  })
})

/** Every question on which the two do not say the same. */
async function differences({ checks, lists }: Questions, live: Answers, engine: Answers): Promise<readonly string[]> {
  const found: string[] = []
  const compare = (question: unknown, one: unknown, other: unknown) => {
    if (JSON.stringify(one) === JSON.stringify(other)) return
    found.push(`${JSON.stringify(question)}: OpenFGA ${JSON.stringify(one)}, engine ${JSON.stringify(other)}`)
  }
  for (const { question } of checks) compare(question, await live.check(question), await engine.check(question))
  for (const { question } of lists) {
    compare(question, await live.listObjects(question), await engine.listObjects(question))
  }
  for (const difference of found) console.log(`different: ${difference}`)
  return found
}
