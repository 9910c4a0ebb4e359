import { scriptedPerson } from '../person.ts'
import { endOf, type Part, type Stage } from '../stage.ts'

export const ranOut: Part = {
  title: 'Refusal 5: an approval that runs out',
  lead: 'A question that nobody answers ends by itself, and a yes that is used too late is void.',
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
  const talk = stage.converse({ actor: await stage.signIn(ann), threadId: 'unanswered', person })
  checks.equal('the call ends as run out', endOf(await talk.say('Buy 25 shares of MSFT')), 'approval_expired')
  // Auth0 takes five minutes at most, so the question is sent again while the approval itself lives.
  checks.equal('the question was sent again, within its bound', talk.questions.length, 3)
  checks.equal('nothing was ordered', await stage.orderCount(ann), before)
}

async function usedTooLate(stage: Stage): Promise<void> {
  const { checks, printer, world } = stage
  const { ann } = world.target.users
  const actor = await stage.signIn(ann)
  const before = await stage.orderCount(ann)
  const talk = stage.converse({ actor, threadId: 'too late', person: scriptedPerson('later') })
  const open = await talk.say('Buy 35 shares of MSFT')
  const outcome = open.outcomes.at(-1)
  if (outcome?.status !== 'interrupted' || open.call === undefined) {
    return checks.equal('the order waits', endOf(open), 'approval_pending')
  }
  const { id, interval = 5 } = outcome.interrupt
  await world.target.authorizationServer.controls.approve(undefined, stage.grant(talk.questions[0]))
  world.clock.forward(interval)
  const { identity } = actor.session
  const state = async () => (await world.guard.approvals.get(id, { identity }))?.state
  checks.equal('the person said yes', await state(), 'approved')
  printer.field('clock', '16 minutes pass before the agent comes back')
  world.clock.forward(16 * 60)
  checks.equal('the yes is void', endOf(await talk.retry(open.call, 'the agent comes back')), 'approval_expired')
  checks.equal('nothing was ordered', await stage.orderCount(ann), before)
}
