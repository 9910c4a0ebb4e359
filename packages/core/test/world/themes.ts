import { inTurn, newSlots, oneCall, renewed } from './casts.ts'
import type { Command } from './commands.ts'
import { type Cast, castOf, makers } from './draw-commands.ts'
import { issuerFaults } from './issuer.ts'
import { type Plot, plotsOfRuns } from './plots-of-runs.ts'
import type { Random } from './random.ts'
import { approved, type Staged } from './staged.ts'
import { accountTools } from './tools.ts'

/** Commands of parts that few apps have all of: their themes bring them. */
const ofParts: readonly Command['do'][] = ['link', 'choose an account', 'disconnect', 'keep a session', 'sign out']
const all = (Object.keys(makers) as Command['do'][]).filter((name) => !ofParts.includes(name))

/** What belongs together: half of the seeds take one of these, and try it more closely. */
const themes: readonly (readonly Command['do'][])[] = [
  ['revoke', 'set the clock', 'log in', 'refresh', 'create a job'],
  ['revoke', 'answer', 'stand still', 'create a job', 'end a job'],
  ['deploy', 'answer', 'cancel', 'answer on the phone'],
  ['resolve', 'operate', 'kill', 'stand still', 'break'],
  ['answer', 'log in', 'deploy', 'revoke'],
  ['order', 'kill', 'break'],
  ['watch', 'answer on the phone', 'answer', 'kill', 'mislead', 'cancel'],
  ['rotate the app’s keys', 'answer', 'resolve', 'create a job'],
  ['operate', 'answer', 'cancel', 'revoke'],
  ['keep a session', 'sign out', 'log in', 'revoke', 'mislead'],
  ['link', 'disconnect', 'choose an account', 'answer'],
  ['link', 'disconnect', 'kill', 'break', 'answer', 'mislead'],
  ['link', 'disconnect', 'keep a session', 'operate', 'stand still', 'rotate the app’s keys'],
]

/** What random choices come to seldom. */
const plotsOf = (random: Random): readonly Plot[] => [
  // Twice, since a run is what most depends on.
  ...plotsOfRuns(random),
  ...plotsOfRuns(random),
  // One account whose token is renewed in several processes, while answers are lost and processes die.
  {
    cast: { ...renewed(random), tool: () => 'open', proof: () => 'login' },
    commands: ['link', 'break', 'kill', 'stand still'],
    first: ['link'],
  },
  // One account that comes and goes before the eyes of processes that use it again and again.
  {
    cast: { process: () => random.below(2), tool: () => 'open', owner: () => 'ann', proof: () => 'login' },
    commands: ['link', 'disconnect'],
    first: ['link'],
  },
  // One account that serves calls with and without an approval.
  {
    cast: { tool: () => random.pick(accountTools), owner: () => 'ann', proof: () => 'login' },
    commands: ['answer', 'link'],
    first: ['link'],
  },
  // Two accounts, of which another one is chosen between question, answer and call.
  {
    cast: {
      ...oneCall,
      account: inTurn(),
      tool: () => random.pick(['upload', 'upload', 'share']),
      body: () => random.pick(['returns', 'returns', 'sends twice', 'throws after', 'gets a new token']),
      seconds: () => random.pick([6, 20]),
    },
    commands: ['choose an account', 'answer'],
    first: ['link', 'link', 'choose an account', 'call', 'pass', 'answer'],
  },
  // The same, while accounts come and go.
  {
    cast: {
      ...oneCall,
      account: inTurn(),
      tool: () => random.pick(['upload', 'share', 'view', 'view']),
      body: () => random.pick(['returns', 'sends twice', 'gets a new token', 'gets a new token']),
      seconds: () => random.pick([6, 20, 301]),
    },
    paces: ['settle', 'settle', 12, 24],
    commands: ['choose an account', 'answer', 'disconnect', 'link', 'mislead'],
    first: ['link', 'link', 'choose an account', 'call', 'pass', 'answer'],
  },
  // Another account is chosen while a body runs whose token is refused.
  {
    cast: {
      ...oneCall,
      account: inTurn(),
      process: () => 0,
      tool: () => 'view',
      slot: newSlots(),
      body: () => 'gets a new token',
    },
    commands: ['choose an account'],
    first: ['link', 'link', 'choose an account', 'call', 'choose an account', 'call', 'choose an account'],
    paces: ['settle', 8, 12, 16],
  },
  // Jobs that try more than their user agreed to.
  {
    cast: {
      tool: () => random.pick(['note', 'memo', 'look', 'book']),
      owner: () => 'ann',
      proof: () => random.pick(['login', 'job', 'job', 'job']),
      body: () => 'returns',
      amount: () => 50,
    },
    commands: ['create a job', 'end a job'],
    first: ['create a job'],
  },
  // A server that lies, about tokens that go to two APIs.
  {
    cast: { tool: () => random.pick(['note', 'book', 'look']), body: () => 'returns', process: () => random.below(2) },
    commands: ['mislead', 'log in'],
  },
  // A server that lies, about what was approved.
  {
    cast: { ...oneCall, tool: () => random.pick(['pay', 'wire']), fault: () => random.pick(issuerFaults.slice(0, 6)) },
    commands: ['mislead', 'answer'],
    first: ['call', 'pass', 'answer', 'mislead', 'call'],
  },
  // One person's proof at another person's question, run and job.
  {
    cast: {
      ...oneCall,
      anybody: () => random.pick(['ann', 'bob', 'carol']),
      body: () => random.pick(['returns', 'throws after']),
    },
    commands: ['answer', 'resolve', 'cancel', 'create a job', 'end a job'],
  },
  // An approver who says yes, and is revoked.
  {
    cast: { ...oneCall, anybody: () => random.pick(['carol', 'carol', 'dave', 'ann']), seconds: () => 6 },
    commands: ['revoke', 'answer', 'log in'],
    first: [
      ...approved(0),
      { do: 'revoke', process: random.below(2), who: 'carol', what: 'subject', pace: 'settle' },
      { do: 'call', process: 0, preflight: false, pace: 'settle' },
    ],
  },
  // One kept session that several processes renew, while answers are lost and processes die.
  {
    cast: { ...renewed(random), tool: () => 'look', proof: () => 'kept' },
    commands: ['break', 'kill', 'stand still'],
    first: ['keep a session'],
  },
  // Kept sessions that come and go.
  {
    cast: { tool: () => 'look', owner: () => 'ann', proof: () => 'kept', anybody: () => 'ann' },
    commands: ['keep a session', 'log in', 'sign out', 'revoke'],
    first: ['keep a session'],
  },
  // Questions that are answered late.
  {
    cast: { ...oneCall, tool: () => random.pick(['pay', 'send']), seconds: () => random.pick([6, 6, 610, 700]) },
    commands: ['answer', 'answer on the phone'],
  },
  // Questions that are taken back, while they are sent, while a page shows them, and after a yes.
  {
    cast: {
      ...oneCall,
      tool: () => random.pick(['pay', 'pay', 'send']),
      answer: () => random.pick(['approve', 'reopen']),
      seconds: () => 6,
    },
    commands: ['cancel', 'answer', 'answer on the phone'],
    first: ['call', 'answer', 'cancel'],
  },
  // An approver who says no, again and again.
  {
    cast: { ...oneCall, slot: () => random.pick(['one', 'two', 'three']), answer: () => 'deny' },
    commands: ['answer'],
  },
  // Questions that are not sent, and equal calls before and after a deploy of another limit.
  {
    cast: {
      ...oneCall,
      process: () => 0,
      tool: () => 'send',
      amount: () => 300,
      slot: () => random.pick(['one', 'two']),
      body: () => random.pick(['returns', 'hangs', 'throws after']),
      change: () => 'limit',
      fault: () => 'no device',
    },
    commands: ['mislead', 'deploy'],
    first: ['mislead', 'call', 'deploy', 'call'],
  },
  // A yes, and then a deploy of other rules.
  {
    cast: { ...oneCall, process: () => 0, change: () => random.pick(['approver', 'approver', 'version', 'limit']) },
    commands: ['deploy', 'answer'],
  },
  // Two revocations, the first of them dated ahead by a fast clock, before the eyes of a process that reads.
  {
    cast: {
      process: () => random.below(3),
      skew: () => random.pick([600, 3600]),
      tool: () => 'look',
      owner: () => 'ann',
      anybody: () => random.pick(['ann', 'carol']),
      proof: () => 'login',
      body: () => 'returns',
      seconds: () => random.pick([6, 20]),
    },
    commands: [],
    first: ['set the clock', 'revoke', 'revoke'],
  },
  // Revocations by several processes, before the eyes of one that calls again and again.
  {
    cast: {
      process: () => random.below(3),
      tool: () => random.pick(['look', 'note']),
      owner: () => 'ann',
      anybody: () => random.pick(['ann', 'ann', 'carol']),
      proof: () => 'login',
      body: () => 'returns',
      seconds: () => random.pick([1, 6, 20]),
    },
    commands: ['revoke', 'set the clock'],
  },
  // The same with writes, right after one another: another process has just read what was revoked.
  {
    cast: {
      process: () => random.below(2),
      tool: () => 'note',
      owner: () => 'ann',
      anybody: () => 'ann',
      slot: newSlots(),
      proof: () => 'login',
      body: () => 'returns',
      seconds: () => random.pick([1, 2]),
    },
    commands: ['revoke', 'log in'],
    first: ['call', 'revoke', 'pass', 'call'],
  },
  // A revocation while a slow call is on its way to its body.
  {
    cast: {
      process: () => random.below(2),
      tool: () => 'note',
      owner: () => 'ann',
      anybody: () => 'ann',
      slot: newSlots(),
      proof: () => 'login',
      body: () => 'returns',
      trouble: () => ({ kind: 'store', fault: 'slow', after: 8 + random.below(12) }),
    },
    commands: ['break', 'revoke', 'log in'],
    first: ['call', 'break', 'call', 'revoke'],
    paces: ['settle', 3, 6],
  },
  // One call, tried again and again, that never has an effect.
  {
    cast: { body: () => 'throws before', tool: () => 'note', owner: () => 'ann', slot: () => 'one', amount: () => 50 },
    commands: ['kill', 'rotate keys'],
  },
  {
    cast: { tool: () => 'send', amount: () => 700, slot: () => 'one' },
    commands: ['answer on the phone', 'watch', 'mislead', 'cancel'],
  },
  // A user who lacks a role, at times.
  { cast: { tool: () => random.pick(['note', 'pay']), owner: () => 'bob' }, commands: ['deploy', 'answer'] },
]

/** Where there are accounts and kept sessions, half of the calls use them. */
const partsCast = (taken: readonly Command['do'][], { random, tool, proof }: Cast): Partial<Cast> => ({
  ...(taken.includes('link') && { tool: () => (random.oneIn(2) ? tool() : random.pick(accountTools)) }),
  ...(taken.includes('keep a session') && { proof: () => (random.oneIn(2) ? proof() : 'kept') }),
})

/** The commands of a seed: those of a plot, of a theme, or a random subset. */
export function commandsOf(random: Random): readonly Command[] {
  const drawn = castOf(random)
  return drawnFrom(random, drawn, random.oneIn(2) ? random.pick(plotsOf(random)) : undefined)
}

/** Commands whose rest is plain: one person, who asks for one thing. */
export const plainly = (random: Random, cast: Partial<Cast>, staged: readonly Staged[]): readonly Command[] =>
  staged.map((each) => made({ ...castOf(random), ...oneCall, ...cast }, each, 'settle'))

function made(cast: Cast, staged: Staged, pace: Command['pace']): Command {
  return { ...(makers[staged.do][1](cast) as object), pace, ...staged } as Command
}

function drawnFrom(random: Random, drawn: Cast, plot: Plot | undefined): readonly Command[] {
  const share = 2 + random.below(2)
  const themed = () => [...random.pick(themes), ...random.pick(themes)]
  const taken = plot?.commands ?? (random.oneIn(2) ? themed() : all.filter(() => random.oneIn(share)))
  const cast: Cast = { ...drawn, ...partsCast(taken, drawn), ...plot?.cast }
  const bag = [...taken, 'call' as const, 'pass' as const].flatMap((name) =>
    Array<Command['do']>(makers[name][0]).fill(name),
  )
  const paces =
    plot?.paces ??
    random.pick<readonly Command['pace'][]>([['settle'], ['settle', 'settle', 'settle', 8], ['settle', 0, 5, 15, 30]])
  const drawnNames = Array.from({ length: 4 + random.below(20) }, () => random.pick(bag))
  return [...(plot?.first ?? []), ...drawnNames].map((each) =>
    made(cast, typeof each === 'string' ? ({ do: each } as Staged) : each, random.pick(paces)),
  )
}
