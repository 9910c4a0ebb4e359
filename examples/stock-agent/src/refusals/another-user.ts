import { endOf, fieldOf } from '../outcomes.ts'
import { scriptedPerson } from '../person.ts'
import type { Part } from '../stage.ts'

export const anotherUser: Part = {
  title: 'Refusal 4: another user in the same thread',
  lead: 'Threads are shared, rights are not: the same call under the same slot is another person’s call.',
  async run(stage) {
    const { checks, world } = stage
    const { ann, bob } = world.target.users
    const annActor = await stage.signIn(ann)
    const bobActor = await stage.signIn(bob)
    const orders = async () => [await stage.orderCount(ann), await stage.orderCount(bob)]
    const before = await orders()
    const anns = stage.converse(annActor, 'shared', scriptedPerson('later', 'deny'))
    const open = await anns.say('Buy 40 shares of AAPL')
    const outcome = open.outcomes.at(-1)
    if (outcome?.status !== 'interrupted' || open.call === undefined) {
      return checks.equal("Ann's order waits", endOf(open), 'approval_pending')
    }
    const { id } = outcome.interrupt
    const bobs = stage.converse(bobActor, 'shared', scriptedPerson('deny'))
    const taken = await bobs.retry(open.call, "Bob is signed in now, and Ann's call comes back")
    checks.equal("Ann's portfolio is not his", endOf(taken), 'not_permitted')
    const seen = await world.guard.approvals.get(id, { identity: bobActor.session.identity })
    checks.equal('he cannot see her question', seen, undefined)

    const input = { ...(open.call.input as object), portfolio: bob.portfolio }
    const his = await bobs.retry({ ...open.call, input }, 'the call comes back for his own portfolio')
    checks.equal(
      'he is asked himself',
      bobs.phone.questions.map(({ subject }) => subject),
      [bob.subject],
    )
    checks.equal('and his no counts', endOf(his), 'approval_denied')
    const portfolio = await bobs.say('Show me my portfolio')
    checks.equal('his portfolio is his', fieldOf(portfolio, 'id'), bob.portfolio)
    checks.equal('read with his own token', world.wire.apiRequests.at(-1)?.token.subject, bob.upstreamSubject)

    const closed = await anns.retry(open.call, 'Ann is back, and answers her own question')
    checks.equal(
      'her question was hers all along',
      [endOf(closed), anns.phone.questions.length],
      ['approval_denied', 1],
    )
    checks.equal('nothing was ordered', await orders(), before)
  },
}
