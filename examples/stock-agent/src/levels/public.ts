import { endOf, fieldOf } from '../outcomes.ts'
import type { Part } from '../stage.ts'

export const publicLevel: Part = {
  title: 'Level 1: public',
  lead: 'No user is signed in. A public tool runs without an identity and a token. No other tool runs.',
  async run(stage) {
    const { checks, world } = stage
    const user = world.target.users.ann
    const visitor = stage.converse({ user }, 'level-1')
    const price = await visitor.say('What is AAPL trading at?')
    checks.equal('the price is shown', endOf(price), 'done')
    checks.equal('it is the price at the exchange, for AAPL', fieldOf(price, 'symbol'), 'AAPL')
    checks.equal('no token was issued', world.audit.filter(({ type }) => type === 'token').length, 0)
    checks.equal('no request had a token', world.wire.apiRequests.length, 0)
    checks.equal('a portfolio is not public', endOf(await visitor.say('Show me my portfolio')), 'login_required')
  },
}
