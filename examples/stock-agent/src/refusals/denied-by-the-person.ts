import { endOf } from '../outcomes.ts'
import { scriptedPerson } from '../person.ts'
import type { Part } from '../stage.ts'

export const deniedByThePerson: Part = {
  title: 'Refusal 1: denied by the person',
  lead: 'A no is final for this call: a retry sends no question and runs nothing.',
  async run(stage) {
    const { checks, world } = stage
    const { ann } = world.target.users
    const before = await stage.orderCount(ann)
    const person = scriptedPerson('deny')
    const talk = stage.converse(await stage.signIn(ann), 'denied', person)
    const turn = await talk.say('Buy 30 shares of MSFT')
    checks.equal('the call is refused', endOf(turn), 'approval_denied')
    if (turn.call !== undefined) {
      const again = await talk.retry(turn.call, 'the framework tries the denied call again')
      checks.equal('and stays refused', endOf(again), 'approval_denied')
    }
    checks.equal('the person was asked once', talk.phone.questions.length, 1)
    checks.equal('nothing was ordered', await stage.orderCount(ann), before)
  },
}
