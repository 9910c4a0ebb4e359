import { createMockOpenFga } from '@behalf/testing'
import { bench } from '../../../scripts/bench/bench.ts'
import { createEngine, memoryTuples, type Tuple } from '../src/index.ts'

const { model } = createMockOpenFga()
const expires_at = '2027-01-01T00:00:00Z'
const unexpired = { name: 'unexpired', context: { expires_at } }
const mandate = { max_amount: 1000, symbols: ['AAPL', 'MSFT'], sides: ['buy', 'sell'], expires_at }

const tuples: readonly Tuple[] = Array.from({ length: 100 }, (_, index) => `p${index}`).flatMap((id): Tuple[] => [
  { user: 'user:ann', relation: 'owner', object: `portfolio:${id}` },
  { user: 'organization:acme', relation: 'org', object: `portfolio:${id}` },
  { user: `portfolio:${id}`, relation: 'portfolio', object: `document:${id}` },
  { user: 'agent:bot', relation: 'agent_viewer', object: `portfolio:${id}`, condition: unexpired },
  {
    user: 'agent:bot',
    relation: 'agent_trader',
    object: `portfolio:${id}`,
    condition: { name: 'within_mandate', context: mandate },
  },
])
const engine = createEngine({
  model,
  tuples: memoryTuples([
    ...tuples,
    { user: 'user:ann', relation: 'acts_for', object: 'agent:bot', condition: unexpired },
  ]),
})
const now = '2026-06-01T12:00:00Z'
const order = { now, amount: 50, symbol: 'AAPL', side: 'buy' }
const peer = { name: 'nothing', run: async () => true }

const questions = {
  'user may view': { user: 'user:ann', relation: 'user_can_view', object: 'portfolio:p1' },
  'agent acts for user': { user: 'user:ann', relation: 'acts_for', object: 'agent:bot', context: { now } },
  'agent may trade': { user: 'agent:bot', relation: 'agent_can_trade', object: 'portfolio:p1', context: order },
  'agent may read': { user: 'agent:bot', relation: 'agent_can_read', object: 'document:p1', context: { now } },
} as const

for (const [name, question] of Object.entries(questions)) {
  if (!(await engine.check(question))) throw new Error(`the engine's benchmark is not set up right: ${name}`)
  bench(`engine, trading model: ${name}`, { run: () => engine.check(question), peer, mostOverPeer: 25 })
}
