import { endOf } from '../outcomes.ts'
import { scriptedPerson } from '../person.ts'
import type { Part, Stage } from '../stage.ts'

/** Longer than the lifetime of an unused approval and of its token. */
const MINUTES_LATE = 16

export const ranOut: Part = {
  title: 'Refusal 5: an approval that runs out',
  lead: 'A question without an answer expires, and so does an approval that is not used in time.',
  async run(stage) {
    await unanswered(stage)
    await usedTooLate(stage)
  },
}

async function unanswered(stage: Stage): Promise<void> {
  const { checks, world } = stage
  const { ann } = world.target.users
  const before = await stage.orderCount(ann)
  const person = scriptedPerson('ignore', 'ignore', 'ignore', 'ignore')
  const talk = stage.converse(await stage.signIn(ann), 'unanswered', person)
  checks.equal('the call ends as run out', endOf(await talk.say('Buy 25 shares of MSFT')), 'approval_expired')
  // Auth0 takes five minutes at most, so the question is sent again while the approval itself lives.
  checks.equal('the question was sent again, within its bound', talk.phone.questions.length, 3)
  checks.equal('nothing was ordered', await stage.orderCount(ann), before)
}

async function usedTooLate(stage: Stage): Promise<void> {
  const { checks, printer, world } = stage
  const { ann } = world.target.users
  const before = await stage.orderCount(ann)
  const open = await stage.askAndApprove(ann, 'too late', 'Buy 35 shares of MSFT')
  if (open === undefined) return
  printer.field('clock', `${MINUTES_LATE} minutes pass before the agent comes back`)
  world.clock.forward(MINUTES_LATE * 60)
  const turn = await open.talk.retry(open.call, 'the agent comes back')
  checks.equal('the yes is void', endOf(turn), 'approval_expired')
  checks.equal('nothing was ordered', await stage.orderCount(ann), before)
}
