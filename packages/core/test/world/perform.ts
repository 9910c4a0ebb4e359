import type { Outcome, PreflightOutcome } from '../../src/index.ts'
import { chooseAccount, disconnect, link } from './accounts.ts'
import { actorOf } from './actor-of.ts'
import type { AppProcess } from './app-process.ts'
import { bodyOf } from './body.ts'
import { type Command, type CommandOf, NEWEST, WHOEVER_WAS_ASKED } from './commands.ts'
import { deploy, mislead, setClock, tellClocks } from './conditions.ts'
import { APP } from './issuer.ts'
import { createJob, endJob } from './jobs.ts'
import { cancel, operate, resolve, revoke } from './operate.ts'
import { placeOrder } from './orders.ts'
import { keepSession, signOut } from './sessions.ts'
import { refusedBy, rulesOf } from './tools.ts'
import type { World } from './world.ts'

/** A process that stands still for so long may be taken for dead. Seconds. */
const LEASE_MAY_END = 40

/** Begins what a command says. What takes time is not waited for: the scheduler brings it on. */
export function perform(world: World, command: Command): void {
  switch (command.do) {
    case 'call':
      begin(world, command, (process) => makeCall(world, process, command))
      return
    case 'answer':
      begin(world, command, (process) => answer(world, process, command))
      return
    case 'answer on the phone':
      world.phones.answer(command.which, command.answer, command.lie)
      return
    case 'order':
      begin(world, command, (process) => placeOrder(world, process, command))
      return
    case 'link':
      begin(world, command, (process) => link(world, process, command))
      return
    case 'choose an account':
      begin(world, command, (process) => chooseAccount(world, process, command))
      return
    case 'disconnect':
      begin(world, command, (process) => disconnect(world, process, command))
      return
    case 'keep a session':
      begin(world, command, (process) => keepSession(world, process, command))
      return
    case 'sign out':
      begin(world, command, (process) => signOut(world, process, command))
      return
    case 'operate':
      begin(world, command, (process) => operate(world, process, command))
      return
    case 'log in':
      world.people.logIn(command.who, command.saysWhen)
      return
    case 'refresh':
      world.people.refresh(command.who)
      return
    case 'revoke':
      begin(world, command, (process) => revoke(world, process, command))
      return
    case 'create a job':
      begin(world, command, (process) => createJob(world, process, command))
      return
    case 'end a job':
      begin(world, command, (process) => endJob(world, process, command))
      return
    case 'resolve':
      begin(world, command, (process) => resolve(world, process, command))
      return
    case 'cancel':
      begin(world, command, (process) => cancel(world, process, command))
      return
    case 'deploy':
      deploy(world, command)
      return
    case 'pass':
      return
    case 'kill':
      world.kill(command.process)
      return
    case 'stand still': {
      const { name } = world.process(command.process)
      world.saw('fault: stand still')
      world.scheduler.stall(name, command.seconds * 1000)
      if (command.seconds >= LEASE_MAY_END) world.tell({ kind: 'stood still', process: name })
      return
    }
    case 'set the clock':
      setClock(world, command)
      return
    case 'set the issuer’s clock':
      world.issuer.skewSeconds = command.seconds
      tellClocks(world)
      return
    case 'rotate keys':
      world.issuer.rotateKeys()
      return
    case 'rotate the app’s keys':
      world.rotations++
      for (const { place } of world.alive()) world.kill(place)
      return
    case 'watch':
      world.process(command.process).watch()
      return
    case 'break':
      world.faults.plan(world.process(command.process).name, command.kind, command.fault, command.after)
      return
    case 'mislead':
      mislead(world, command)
      return
    default:
      command satisfies never
  }
}

function begin(
  world: World,
  command: { readonly process: number },
  work: (process: AppProcess) => Promise<unknown>,
): void {
  const process = world.process(command.process)
  process.begin(() => work(process))
}

async function makeCall(world: World, process: AppProcess, command: CommandOf<'call'>): Promise<void> {
  const { who, proof, tool, slot, amount, body: plan, status, odd } = command
  // A guard has one ceiling for its life, and this process may be replaced while it looks who calls.
  const beyondCeiling = world.deployed[process.place]?.beyondCeiling ?? []
  const { identity, caller } = await actorOf(world, process, who, proof)
  const number = world.nextCall()
  if (plan === 'gets a new token') world.refusedOnce.add(number)
  world.answers.set(number, plan === 'is refused' ? 403 : plan === 'is asked for more' ? 401 : status)
  const deployed = world.deployed[process.place]
  if (deployed === undefined) return
  const rules = rulesOf(tool, deployed)
  const policy = odd === 'no policy' ? (undefined as never) : process.policy(tool, number)
  const refused = odd ?? refusedBy(tool, who, { ...deployed, beyondCeiling })
  const said = { call: number, process: process.name, caller, tool, slot, amount, rules }
  world.tell({ kind: 'called', ...said, ...(refused !== undefined && { refused }) })
  const input = odd === 'bad input' ? { amount: 'much' } : { amount }
  const invocation = { tool, slot, input, identity: odd === 'not verified' ? { ...identity } : identity }
  if (command.preflight) {
    told(world, number, command, await process.guard.preflight(policy, invocation))
    return
  }
  const body = bodyOf({ world, process, number, plan, api: rules.audience })
  try {
    const outcome = (await process.guard.run(policy, invocation, body as never)) as Outcome<unknown>
    await read(outcome, plan === 'is given up')
    told(world, number, command, outcome)
  } catch (error) {
    const words = error instanceof Error ? `${error.message} ${error.stack}` : String(error)
    world.saw('outcome: threw')
    world.tell({ kind: 'outcome', call: number, status: 'threw', words })
  }
}

/** Reads what streams. */
async function read(outcome: Outcome<unknown>, isGivenUp: boolean): Promise<void> {
  if (outcome.status !== 'done' || !isStream(outcome.result)) return
  for await (const _ of outcome.result) if (isGivenUp) break
}

const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

function told(
  world: World,
  call: number,
  { who: owner, tool, amount }: CommandOf<'call'>,
  outcome: Outcome<unknown> | PreflightOutcome,
): void {
  const { status, trace } = outcome
  const run = trace.approvalId
  const code = status === 'denied' ? outcome.code : status === 'interrupted' ? outcome.interrupt.kind : undefined
  world.saw(`outcome: ${status}${code === undefined ? '' : ` ${code}`}`)
  if (run !== undefined) world.runs.set(run, owner)
  if (code === 'approval_denied') world.phones.heardNo(owner, tool, amount)
  if (status === 'denied' && run !== undefined && outcome.idempotencyKey !== undefined) {
    world.inDoubt.push({ run, key: outcome.idempotencyKey, owner })
  }
  const result = status === 'done' && !isStream(outcome.result) ? JSON.stringify(outcome.result) : undefined
  world.tell({
    kind: 'outcome',
    call,
    status,
    ...(code !== undefined && { code }),
    ...(run !== undefined && { run }),
    ...(result !== undefined && { result }),
    words: JSON.stringify(outcome),
  })
}

interface Shown {
  readonly id: string
  readonly answerToken: string
}

const whom = (world: World, who: string): string =>
  who === WHOEVER_WAS_ASKED ? (world.asked.at(-1)?.approver ?? 'carol') : who

async function answer(world: World, process: AppProcess, command: CommandOf<'answer'>): Promise<void> {
  const actor = await actorOf(world, process, whom(world, command.who), command.proof)
  const calledAt = world.scheduler.now / 1000
  const reader = command.leaked ? await actorOf(world, process, whom(world, WHOEVER_WAS_ASKED), 'login') : actor
  const page = await process.inbox(new Request(`${APP}/inbox`, { headers: process.signedIn(reader) }))
  const { questions = [] } = (await page.json()) as { questions?: readonly Shown[] }
  const shown = world.shownTo(reader.caller.session)
  for (const question of questions) if (!shown.some(({ id }) => id === question.id)) shown.push(question)
  // One that is not open any more is answered late, or reopened, from a page that still shows it.
  const from = command.answer === 'reopen' || questions.length === 0 ? shown : questions
  const chosen = chosenOf(world, from, command.which)
  if (chosen === undefined) return
  const { id, answerToken } = chosen
  const headers = process.signedIn(actor)
  const said = command.answer === 'approve' ? 'yes' : command.answer === 'deny' ? 'no' : 'reopen'
  const happened = { kind: 'answered', question: id, by: actor.caller, answer: said, calledAt } as const
  for (let times = command.twice ? 2 : 1; times > 0; times--) {
    world.tell({ ...happened, isSure: false })
    const body = JSON.stringify({ id, answer: command.answer, answerToken })
    const response = await process.inbox(new Request(`${APP}/inbox`, { method: 'POST', headers, body }))
    world.saw(`answer: ${command.answer} ${response.status}`)
    if (response.status === 200) world.tell({ ...happened, isSure: true })
  }
}

function chosenOf(world: World, from: readonly Shown[], which: number): Shown | undefined {
  if (which !== NEWEST) return from[which % Math.max(1, from.length)]
  const newest = world.asked.at(-1)?.id
  return from.find(({ id }) => id === newest) ?? from[0]
}
