import { chooseAccount, disconnect, link } from './accounts.ts'
import { actorOf } from './actor-of.ts'
import type { AppProcess } from './app-process.ts'
import { callTogether, makeCall, repeatCall } from './calls.ts'
import { type Command, type CommandOf, NEWEST, WHOEVER_WAS_ASKED } from './commands.ts'
import { deploy, mislead, setClock, tellClocks } from './conditions.ts'
import { APP } from './issuer.ts'
import { createJob, endJob } from './jobs.ts'
import { cancel, operate, resolve, revoke } from './operate.ts'
import { placeOrder } from './orders.ts'
import { keepSession, signOut } from './sessions.ts'
import type { World } from './world.ts'

/** A process that stands still for so long may be taken for dead. Seconds. */
const LEASE_MAY_END = 40
/** After it stood still, it goes on with what it knew before. Seconds. */
const LATE_AFTER_SECONDS = 10

/** Begins what a command says. What takes time is not waited for: the scheduler brings it on. */
export function perform(world: World, command: Command): void {
  switch (command.do) {
    case 'call':
      begin(world, command, (process) => makeCall(world, process, command))
      return
    case 'call together':
      callTogether(world, command, (work) => begin(world, command, work))
      return
    case 'repeat':
      begin(world, command, (process) => repeatCall(world, process, command))
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
      world.erred('fault: stand still', name, command.seconds + LATE_AFTER_SECONDS)
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
