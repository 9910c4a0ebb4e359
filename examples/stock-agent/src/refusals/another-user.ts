import type { TargetUser } from '@behalf/testing'
import { endOf, fieldOf } from '../outcomes.ts'
import { scriptedPerson } from '../person.ts'
import type { Part, Stage } from '../stage.ts'

export const anotherUser: Part = {
  title: 'Refusal 4: another user in the same thread',
  lead: "Threads are shared, rights are not: the same call under the same slot is another person's call.",
  async run(stage) {
    const { checks, world } = stage
    const { ann, bob } = world.target.users
    const before = await orders(stage)
    const anns = await stage.askAndApprove(ann, 'shared', 'Buy 40 shares of AAPL')
    if (anns === undefined) return
    const actor = await stage.signIn(bob)
    const bobs = stage.converse(actor, 'shared', scriptedPerson('deny'))
    const taken = await bobs.retry(anns.call, "Bob is signed in now, and Ann's approved call comes back")
    checks.equal("Ann's portfolio is not his", endOf(taken), 'not_permitted')

    await letTrade(stage, bob, ann)
    const permitted = await bobs.retry(anns.call, 'the same, now that Ann lets Bob trade in her portfolio')
    const asked = bobs.phone.questions.map(({ subject }) => subject)
    checks.equal('he is asked himself', asked, [bob.subject])
    checks.equal('and his no counts', endOf(permitted), 'approval_denied')
    checks.equal('nothing was ordered', await orders(stage), before)

    const portfolio = await bobs.say('Show me my portfolio')
    checks.equal('his portfolio is his', fieldOf(portfolio, 'id'), bob.portfolio)
    checks.equal('read with his own token', world.wire.apiRequests.at(-1)?.token.subject, bob.upstreamSubject)

    checks.equal('her yes is still unused', await anns.state(), 'approved')
    const seen = await world.guard.approvals.get(anns.approvalId, { identity: actor.session.identity })
    checks.equal('and he cannot see it', seen, undefined)
    checks.equal('it serves herself', endOf(await anns.talk.retry(anns.call, 'Ann is back')), 'done')
    checks.equal('with one order, in her name', await orders(stage), [(before[0] ?? 0) + 1, before[1]])
    checks.equal('by her own token', world.wire.apiRequests.at(-1)?.token.subject, ann.subject)
  },
}

async function orders(stage: Stage): Promise<readonly number[]> {
  const { ann, bob } = stage.world.target.users
  return [await stage.orderCount(ann), await stage.orderCount(bob)]
}

/** Grants rights in the permission system, as Ann herself would. */
async function letTrade({ world, printer }: Stage, trader: TargetUser, owner: TargetUser): Promise<void> {
  const tuple = { user: `user:${trader.subject}`, relation: 'trader', object: `portfolio:${owner.portfolio}` }
  await world.target.openFga.controls.write(tuple)
  printer.field('OpenFGA', `${tuple.user} is now ${tuple.relation} of ${tuple.object}`)
}
