import { endOf, fieldOf } from '../outcomes.ts'
import type { Part } from '../stage.ts'

export const publicLevel: Part = {
  title: 'Level 1: public',
  lead: 'No user is signed in. A public tool runs with no identity and no token; nothing else runs at all.',
  async run(stage) {
    const { checks, world } = stage
    const user = world.target.users.ann
    const visitor = stage.converse({ user }, 'level-1')
    const price = await visitor.say('What is AAPL trading at?')
    checks.equal('the price is told', endOf(price), 'done')
    checks.equal('by the exchange, for AAPL', fieldOf(price, 'symbol'), 'AAPL')
    checks.equal('no token was issued', world.audit.filter(({ type }) => type === 'token').length, 0)
    checks.equal('no request carried one', world.wire.apiRequests.length, 0)
    checks.equal('a portfolio is not public', endOf(await visitor.say('Show me my portfolio')), 'login_required')
  },
}
