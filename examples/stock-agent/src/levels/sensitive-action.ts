import { endOf, resultOf } from '../outcomes.ts'
import { scriptedPerson } from '../person.ts'
import type { Conversation, Part, Stage } from '../stage.ts'

export const sensitiveActionLevel: Part = {
  title: 'Level 4: sensitive action',
  lead: 'An order of more than 10 shares waits until the person approves exactly this order. It is placed once.',
  async run(stage) {
    await signedOffOrder(stage, 'Buy 50 shares of AAPL', { side: 'buy', symbol: 'AAPL', quantity: 50 })
    await signedOffOrder(stage, 'Sell 20 shares of MSFT', { side: 'sell', symbol: 'MSFT', quantity: 20 })
    await smallOrder(stage)
  },
}

interface Wanted {
  readonly side: 'buy' | 'sell'
  readonly symbol: string
  readonly quantity: number
}

async function signedOffOrder(stage: Stage, prompt: string, wanted: Wanted): Promise<void> {
  const { checks, world } = stage
  const { ann } = world.target.users
  const before = await stage.orderCount(ann)
  const person = stage.terminal ?? scriptedPerson('approve')
  const decisions: string[] = []
  const talk = stage.converse(await stage.signIn(ann), `level-4 ${prompt}`, {
    ...person,
    async decide(question) {
      const decision = await person.decide(question)
      decisions.push(decision)
      return decision
    },
  })
  const turn = await talk.say(prompt)
  checkQuestion(stage, talk, prompt, { ...wanted, portfolio: ann.portfolio })
  checks.equal('the call paused first', turn.outcomes[0]?.status, 'interrupted')
  if (decisions.at(-1) !== 'approve') {
    checks.equal('a denial ends the call', endOf(turn), 'approval_denied')
    checks.equal('nothing was ordered', await stage.orderCount(ann), before)
    return
  }
  checks.equal('after the approval, the order ran', endOf(turn), 'done')
  checks.equal('one order was placed', (await stage.orderCount(ann)) - before, 1)
  const token = world.wire.apiRequests.at(-1)?.token
  checks.equal('its token names the agent in act', token?.actors, [world.target.agentName])
  checks.equal('its token has this order and no other', token?.details, [
    { type: 'stock_order', portfolio: ann.portfolio, ...wanted },
  ])
}

function checkQuestion({ checks, terminal }: Stage, { phone }: Conversation, message: string, order: object): void {
  const { questions } = phone
  // A person who takes more than five minutes at the terminal is asked again.
  if (terminal === undefined) checks.equal('the person was asked once', questions.length, 1)
  const words = new Set(questions.map(({ bindingMessage }) => bindingMessage))
  checks.equal('the question had exactly this message', [...words], [message])
  checks.equal('the question had exactly these details', questions[0]?.authorizationDetails, [
    { type: 'stock_order', ...order },
  ])
}

/** Places a small order: no question, a weaker token, and no second order if a framework repeats its node. */
async function smallOrder(stage: Stage): Promise<void> {
  const { checks, world } = stage
  const { ann } = world.target.users
  const before = await stage.orderCount(ann)
  const talk = stage.converse(await stage.signIn(ann), 'level-4 small')
  const turn = await talk.say('Buy 5 shares of AAPL')
  checks.equal('a small order runs at once', endOf(turn), 'done')
  checks.equal('no question was sent', talk.phone.questions.length, 0)
  const token = world.wire.apiRequests.at(-1)?.token
  checks.equal('its token has the scope for small orders', token?.scopes, 'trade:small')
  checks.equal('its token names the agent in act', token?.actors, [world.target.agentName])
  if (turn.call === undefined) return
  const requests = world.wire.apiRequests.length
  const again = await talk.retry(turn.call, 'the framework runs the same call again')
  checks.equal('the repeated call returns the same order', resultOf(again), resultOf(turn))
  checks.equal('the repeated call sends no request', world.wire.apiRequests.length, requests)
  checks.equal('one order was placed', (await stage.orderCount(ann)) - before, 1)
}
