import { scriptedPerson } from '../person.ts'
import { endOf, type Part, resultOf } from '../stage.ts'

export const sameApprovalTwice: Part = {
  title: 'Refusal 3: the same approval tried twice',
  lead: 'An approval is used once. The second try gets the first result, also when both come at the same time.',
  async run(stage) {
    const { checks, world } = stage
    const { ann } = world.target.users
    const before = await stage.orderCount(ann)
    const person = scriptedPerson('approve')
    const talk = stage.converse({ actor: await stage.signIn(ann), threadId: 'twice', person })
    const first = await talk.say('Sell 15 shares of AAPL')
    checks.equal('the order is placed', endOf(first), 'done')
    if (first.call === undefined) return
    const requests = world.wire.apiRequests.length
    const second = await talk.retry(first.call, 'the framework replays the approved call')
    checks.equal('the replay gives the first result', [endOf(second), resultOf(second)], ['done', resultOf(first)])
    checks.equal('without asking the exchange', world.wire.apiRequests.length, requests)
    checks.equal('the person was asked once', talk.questions.length, 1)
    checks.equal('one order was placed', (await stage.orderCount(ann)) - before, 1)

    const anew = stage.converse({ actor: await stage.signIn(ann), threadId: 'twice, later', person: scriptedPerson('deny') })
    checks.equal('a new wish is a new question', endOf(await anew.say('Sell 15 shares of AAPL')), 'approval_denied')
    checks.equal('and the used yes does not serve it', (await stage.orderCount(ann)) - before, 1)
  },
}
