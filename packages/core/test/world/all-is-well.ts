import { type Command, type CommandOf, NEWEST, WHOEVER_WAS_ASKED } from './commands.ts'
import { perform } from './perform.ts'
import type { World } from './world.ts'

/** What had to end by itself has ended by then: leases, renewals, waits. Milliseconds. */
const LONG_ENOUGH_MS = 130_000
/** By then, the tokens of a kept session and of an account have ended. Milliseconds. */
const RENEWED_MS = 400_000
/** Earlier calls that are tried again. */
const MAX_AGAIN = 4
/** How often a call comes back that was told to come back later. */
const MAX_LATER = 3
/** Groups of equal calls that are tried again. */
const MAX_TOGETHER = 2

/**
 * Ends a sequence: every process is restarted, no clock is wrong, and nothing fails. Then every earlier call gets a
 * definite answer, and a new person makes calls that run.
 */
export async function allIsWell(
  world: World,
  commands: readonly Command[],
  settle: () => Promise<void>,
): Promise<void> {
  world.faults.clear()
  world.issuer.faults.length = 0
  world.provider.faults.length = 0
  world.issuer.skewSeconds = 0
  for (const [place, deployed] of world.deployed.entries()) world.deployed[place] = { ...deployed, beyondCeiling: [] }
  for (const { place } of world.alive()) world.kill(place)
  await world.scheduler.pass(LONG_ENOUGH_MS + aheadMs(commands))
  for (const who of ['ann', 'ann@blue', 'bob', 'carol', 'dave']) world.people.logIn(who, true)
  await callAgain(world, commands, settle)
  await callTogetherAgain(world, commands, settle)
  await lookAtRuns(world, settle)
  await newPerson(world, settle)
  if (commands.some(({ do: what }) => what === 'link' || what === 'keep a session')) await newAccount(world, settle)
}

/** A process whose clock is ahead dates a revocation ahead: its user signs in again once that time has come. */
const aheadMs = (commands: readonly Command[]): number =>
  1000 * Math.max(0, ...commands.map((command) => (command.do === 'set the clock' ? command.seconds : 0)))

const well = {
  odd: undefined,
  proof: 'login',
  body: 'returns',
  status: 200,
  preflight: false,
  pace: 'settle',
  process: 0,
} as const

/** Some of the runs that calls were told of, as their owners see them at the end. */
async function lookAtRuns(world: World, settle: () => Promise<void>): Promise<void> {
  const process = world.process(0)
  process.begin(async () => {
    for (const [run, owner] of [...world.runs].slice(-MAX_AGAIN)) {
      const identity = await process.verify(world.people.login(owner))
      // A poll alone tells nothing of a run without a question.
      const view = await process.guard.approvals.cancel(run, { identity })
      if (view !== undefined) world.saw(`state: ${view.run ?? view.state}`)
    }
  })
  await settle()
}

async function callAgain(world: World, commands: readonly Command[], settle: () => Promise<void>): Promise<void> {
  const names = new Map<string, CommandOf<'call'>>()
  for (const command of commands) {
    if (command.do === 'call')
      names.set(JSON.stringify([command.who, command.tool, command.slot, command.amount]), command)
  }
  for (const command of [...names.values()].slice(0, MAX_AGAIN)) {
    const ended = await callUntilEnded(world, { ...command, ...well }, settle)
    world.tell({ kind: 'must end', status: ended?.status ?? 'nothing', why: ended?.why ?? 'it did not end' })
  }
}

/** Equal calls of one step, as a framework makes them at each resume: where one fails, it aborts the others. */
async function callTogetherAgain(
  world: World,
  commands: readonly Command[],
  settle: () => Promise<void>,
): Promise<void> {
  for (const command of commands.filter((each) => each.do === 'call together').slice(0, MAX_TOGETHER)) {
    let left: readonly Ended[] = []
    for (let resumes = 0; resumes < MAX_LATER; resumes++) {
      const before = world.outcomes.length
      perform(world, { ...command, ...well, stopsAll: true })
      await settle()
      const ended = world.outcomes.slice(before)
      left = ended.filter(({ status }) => status === 'unavailable' || status === 'threw')
      if (left.length === 0 && ended.length === command.slots.length) break
      const [seconds = 2] = left.flatMap(retryAfter)
      await world.scheduler.pass((seconds + 1) * 1000)
    }
    for (const { status, why } of left) world.tell({ kind: 'must end', status, why })
  }
}

/** A call that is told to come back later, such as while a yes is left to whom it was given, comes back then. */
async function callUntilEnded(world: World, command: CommandOf<'call'>, settle: () => Promise<void>) {
  for (let left = MAX_LATER; ; left--) {
    const before = world.outcomes.length
    perform(world, command)
    await settle()
    const [ended] = world.outcomes.slice(before)
    const [seconds] = ended === undefined ? [] : retryAfter(ended)
    if (ended?.status !== 'unavailable' || seconds === undefined || left === 0) return ended
    await world.scheduler.pass((seconds + 1) * 1000)
  }
}

type Ended = World['outcomes'][number]

/** After how many seconds the call is to come back. */
function retryAfter({ why }: Ended): readonly number[] {
  const [, seconds] = /"retryAfter":(\d+)/.exec(why) ?? []
  return seconds === undefined ? [] : [Number(seconds)]
}

async function newPerson(world: World, settle: () => Promise<void>): Promise<void> {
  const note = { ...well, do: 'call', who: 'zoe', tool: 'note', slot: 'first', amount: 1 } as const
  const pay = { ...well, do: 'call', who: 'zoe', tool: 'pay', slot: 'second', amount: 900 } as const
  const yes = {
    do: 'answer',
    process: 0,
    who: WHOEVER_WAS_ASKED,
    proof: 'login',
    which: NEWEST,
    answer: 'approve',
    twice: false,
    leaked: false,
    pace: 'settle',
  } as const
  for (const command of [note, pay, { do: 'pass', seconds: 6, pace: 'settle' } as const, yes, pay]) {
    perform(world, command)
    await settle()
  }
  const [noted, , paid] = world.outcomes.filter(({ subject }) => subject === 'zoe')
  for (const ended of [noted, paid]) {
    world.tell({ kind: 'must run', status: ended?.status ?? 'nothing', why: ended?.why ?? 'it did not end' })
  }
}

/** Another one, in a session that the app keeps, links an account. It serves, also after both were renewed. */
async function newAccount(world: World, settle: () => Promise<void>): Promise<void> {
  const keep = { do: 'keep a session', process: 0, who: 'yves', isOld: false, pace: 'settle' } as const
  const accounts = { account: 'home', onlyToRead: false, choose: false } as const
  const link = { ...accounts, do: 'link', process: 1, who: 'yves', proof: 'kept', pace: 'settle' } as const
  const open = { ...well, do: 'call', who: 'yves', proof: 'kept', tool: 'open', slot: 'third', amount: 1 } as const
  for (const command of [keep, link, open]) {
    perform(world, command)
    await settle()
  }
  await world.scheduler.pass(RENEWED_MS)
  perform(world, open)
  await settle()
  const opened = world.outcomes.filter(({ subject }) => subject === 'yves')
  for (const number of [0, 1]) {
    const ended = opened[number]
    world.tell({ kind: 'must run', status: ended?.status ?? 'nothing', why: ended?.why ?? 'it did not end' })
  }
}
