import { endOf, resultOf } from '../outcomes.ts'
import { scriptedPerson } from '../person.ts'
import type { Part, Stage } from '../stage.ts'

export const sameApprovalTwice: Part = {
  title: 'Refusal 3: the same approval tried twice',
  lead: 'An approval is used once. A second try gets the first result, and of several at once one runs.',
  async run(stage) {
    await oneAfterTheOther(stage)
    await allAtOnce(stage)
  },
}

async function oneAfterTheOther(stage: Stage): Promise<void> {
  const { checks, world } = stage
  const { ann } = world.target.users
  const actor = await stage.signIn(ann)
  const before = await stage.orderCount(ann)
  const talk = stage.converse(actor, 'twice', scriptedPerson('approve'))
  const first = await talk.say('Sell 15 shares of AAPL')
  checks.equal('the order is placed', endOf(first), 'done')
  if (first.call === undefined) return
  const requests = world.wire.apiRequests.length
  const second = await talk.retry(first.call, 'the framework replays the approved call')
  checks.equal('the replay gives the first result', [endOf(second), resultOf(second)], ['done', resultOf(first)])
  checks.equal('the repeated call sends no request', world.wire.apiRequests.length, requests)
  checks.equal('the person was asked once', talk.phone.questions.length, 1)
  checks.equal('one order was placed', (await stage.orderCount(ann)) - before, 1)

  const later = stage.converse(actor, 'twice, later', scriptedPerson('later'))
  checks.equal('a new wish is a new question', endOf(await later.say('Sell 15 shares of AAPL')), 'approval_pending')
  checks.equal('and the used yes does not serve it', (await stage.orderCount(ann)) - before, 1)
}

async function allAtOnce(stage: Stage): Promise<void> {
  const { checks, printer } = stage
  const { ann } = stage.world.target.users
  const before = await stage.orderCount(ann)
  const open = await stage.askAndApprove(ann, 'at once', 'Sell 12 shares of MSFT')
  if (open === undefined) return
  printer.field('again', 'five tries of the approved call at the same time', 'cyan')
  const turns = await open.talk.atOnce(open.call, 5)
  const done = turns.filter((turn) => endOf(turn) === 'done')
  printer.field('', `${done.length} got the result, ${turns.length - done.length} were told to come back`)
  checks.equal('at least one got the result', done.length > 0, true)
  checks.equal(
    'the others were told to wait',
    turns.every((turn) => ['done', 'unavailable'].includes(endOf(turn))),
    true,
  )
  checks.equal('one order was placed', (await stage.orderCount(ann)) - before, 1)
}
