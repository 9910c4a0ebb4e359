import { endOf } from '../outcomes.ts'
import { scriptedPerson } from '../person.ts'
import type { Part } from '../stage.ts'

export const otherArguments: Part = {
  title: 'Refusal 2: approved for 50, tried with 500',
  lead: 'A yes is bound to its arguments. With others it is another question, and the old answer stays unused.',
  async run(stage) {
    const { checks, world } = stage
    const { ann } = world.target.users
    const before = await stage.orderCount(ann)
    const fifty = await stage.askAndApprove(ann, 'arguments', 'Buy 50 shares of AAPL')
    if (fifty === undefined) return
    const { actor, talk, call, state } = fifty
    const larger = stage.converse(actor, 'arguments', scriptedPerson('later'))
    const input = { ...(call.input as object), quantity: 500 }
    const turn = await larger.retry({ ...call, input }, 'the same call comes back with 500 in place of 50')
    const asked = larger.phone.questions.map(({ bindingMessage }) => bindingMessage)
    checks.equal('500 is another question', asked, ['Buy 500 shares of AAPL'])
    checks.equal('which waits for its own answer', endOf(turn), 'approval_pending')
    checks.equal('nothing was ordered', await stage.orderCount(ann), before)
    checks.equal('the yes to 50 is still unused', await state(), 'approved')

    const last = await talk.retry(call, 'the call for 50 comes back, as it was approved')
    checks.equal('it runs without another question', [endOf(last), talk.phone.questions.length], ['done', 1])
    checks.equal('one order was placed', (await stage.orderCount(ann)) - before, 1)
  },
}
