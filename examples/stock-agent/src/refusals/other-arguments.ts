import { scriptedPerson } from '../person.ts'
import { endOf, type Part } from '../stage.ts'

export const otherArguments: Part = {
  title: 'Refusal 2: approved for 50, tried with 500',
  lead: 'A yes is bound to its arguments. With others it is another question, and the old answer stays unused.',
  async run(stage) {
    const { checks, world } = stage
    const { ann } = world.target.users
    const actor = await stage.signIn(ann)
    const before = await stage.orderCount(ann)
    const open = stage.converse({ actor, threadId: 'arguments', person: scriptedPerson('later') })
    const fifty = await open.say('Buy 50 shares of AAPL')
    const outcome = fifty.outcomes.at(-1)
    if (outcome?.status !== 'interrupted' || fifty.call === undefined) {
      return checks.equal('the order of 50 waits', endOf(fifty), 'approval_pending')
    }
    const { id, interval = 5 } = outcome.interrupt
    await world.target.authorizationServer.controls.approve(undefined, stage.grant(open.questions[0]))
    world.clock.forward(interval)
    const { identity } = actor.session
    checks.equal('the person said yes to 50', (await world.guard.approvals.get(id, { identity }))?.state, 'approved')

    const larger = stage.converse({ actor, threadId: 'arguments', person: scriptedPerson('deny') })
    const input = { ...(fifty.call.input as object), quantity: 500 }
    const turn = await larger.retry({ ...fifty.call, input }, 'the same call comes back with 500 in place of 50')
    checks.equal('500 is another question', larger.questions.map((one) => one.bindingMessage), ['Buy 500 shares of AAPL'])
    checks.equal('which the person denies', endOf(turn), 'approval_denied')
    checks.equal('nothing was ordered', await stage.orderCount(ann), before)
    checks.equal('the yes to 50 is still unused', (await world.guard.approvals.get(id, { identity }))?.state, 'approved')

    const last = await open.retry(fifty.call, 'the call for 50 comes back, as it was approved')
    checks.equal('it runs without another question', [endOf(last), open.questions.length], ['done', 1])
    checks.equal('one order was placed', (await stage.orderCount(ann)) - before, 1)
  },
}
