import { defined } from '../../src/base/values/index.ts'
import type { Outcome, PreflightOutcome } from '../../src/index.ts'
import { actorOf } from './actor-of.ts'
import type { Actor, AppProcess } from './app-process.ts'
import { bodyOf } from './body.ts'
import { type BodyPlan, type CommandOf, chosenFrom } from './commands.ts'
import { refusedBy, rulesOf, type ToolName, writesOnlyByAccess } from './tools.ts'
import type { World } from './world.ts'

/** One call, as the app makes it for a person who is known. */
interface Made extends Pick<CommandOf<'call'>, 'who' | 'tool' | 'slot' | 'amount' | 'status' | 'patience' | 'odd'> {
  readonly plan: BodyPlan
  readonly preflight?: boolean
  /** The call whose body makes this one. */
  readonly outer?: number
  /** Several calls of one step are aborted together. */
  readonly leaving?: AbortController
}

export async function makeCall(world: World, process: AppProcess, command: CommandOf<'call'>): Promise<void> {
  // A guard has one ceiling for its life, and this process may be replaced while it looks who calls.
  const beyondCeiling = world.deployed[process.place]?.beyondCeiling ?? []
  const actor = await actorOf(world, process, command.who, command.proof)
  const status = await call(world, process, actor, beyondCeiling, { ...command, plan: command.body })
  if (status === 'left' || status === 'unavailable' || status === 'threw') world.unanswered.push(command)
}

/** @param begin - Does work at the command's process. */
export function callTogether(
  world: World,
  command: CommandOf<'call together'>,
  begin: (work: (process: AppProcess) => Promise<unknown>) => void,
): void {
  const leaving = new AbortController()
  for (const slot of command.slots)
    begin(async (process) => {
      const beyondCeiling = world.deployed[process.place]?.beyondCeiling ?? []
      const actor = await actorOf(world, process, command.who, command.proof)
      const made = { ...command, slot, plan: command.body, leaving }
      const status = await call(world, process, actor, beyondCeiling, made)
      if (command.stopsAll && (status === 'unavailable' || status === 'threw'))
        leaving.abort(new Error('another failed'))
    })
}

export async function repeatCall(world: World, process: AppProcess, command: CommandOf<'repeat'>): Promise<void> {
  const chosen = chosenFrom(world.unanswered, command.which)
  if (chosen === undefined) return
  const { body, patience, process: place } = command
  const slot = `again ${world.nextRepeat()}`
  await makeCall(world, process, { ...chosen, process: place, slot, body, patience, preflight: false, odd: undefined })
}

/** A body only does what the app says of its tool. */
const honest = (plan: BodyPlan, tool: ToolName): BodyPlan =>
  plan === 'pays elsewhere and throws' && writesOnlyByAccess(tool) ? 'reads and throws' : plan

/** What the API answers, for bodies that are about that. */
const answerTo: Partial<Record<BodyPlan, number>> = {
  'is refused': 403,
  'is refused by send': 403,
  'is asked for more': 401,
  'pays elsewhere and throws': 415,
}

/** @returns how it ended for its caller. */
async function call(
  world: World,
  process: AppProcess,
  actor: Actor,
  beyondCeiling: readonly ToolName[],
  made: Made,
): Promise<string> {
  const { who, tool, slot, amount, status, odd, patience, preflight = false, outer } = made
  const number = world.nextCall()
  const plan = honest(made.plan, tool)
  if (plan === 'gets a new token') world.refusedOnce.add(number)
  world.answers.set(number, answerTo[plan] ?? status)
  const deployed = world.deployed[process.place]
  if (deployed === undefined) return 'nothing'
  const rules = rulesOf(tool, deployed)
  const policy = odd === 'no policy' ? (undefined as never) : process.policy(tool, number)
  const refused = odd ?? refusedBy(tool, who, { ...deployed, beyondCeiling })
  const { identity, caller } = actor
  const said = { call: number, process: process.name, caller, tool, slot, amount, rules }
  world.tell({ kind: 'called', ...said, preflight, ...defined({ refused, outer }) })
  const input = odd === 'bad input' ? { amount: 'much' } : { amount }
  const invocation = { tool, slot, input, identity: odd === 'not verified' ? { ...identity } : identity }
  if (preflight) return told(world, number, made, await process.guard.preflight(policy, invocation))
  const leaving = made.leaving ?? new AbortController()
  const listener = new Listener(world, process, number, leaving)
  if (patience !== undefined) process.after(patience * 1000, () => leaving.abort(new Error('it took too long')))
  const writeInside = async (inner: BodyPlan) => {
    const nested = { who, tool: 'note', slot: `inside ${number}`, amount, status: 200, plan: inner } as const
    await call(world, process, actor, beyondCeiling, { ...nested, outer: number })
  }
  const body = bodyOf({ world, process, number, plan, api: rules.audience, writeInside })
  const run = process.guard.run(policy, { ...invocation, signal: leaving.signal }, body as never)
  return run
    .then(async (outcome: Outcome<unknown>) => {
      await read(outcome, plan === 'is given up')
      return told(world, number, made, outcome, listener.ended())
    })
    .catch((error: unknown) => {
      const isUnheard = listener.ended()
      threw(world, number, error, isUnheard)
      // The body around it gets the error of the one inside.
      if (outer !== undefined) throw error
      return isUnheard ? 'left' : 'threw'
    })
}

function threw(world: World, call: number, error: unknown, isUnheard: boolean): void {
  const words = error instanceof Error ? `${error.message} ${error.stack}` : String(error)
  world.saw('outcome: threw')
  world.tell({ kind: 'outcome', call, status: 'threw', words, isUnheard })
}

/** The caller of one call, who may leave before it ends. */
class Listener {
  readonly #process: AppProcess
  #hasLeft = false
  #isOver = false

  constructor(world: World, process: AppProcess, call: number, leaving: AbortController) {
    this.#process = process
    const leave = () => {
      if (this.#isOver || this.#hasLeft) return
      this.#hasLeft = true
      // No one waits for it any more.
      process.underWay--
      world.saw('call: left')
      world.tell({ kind: 'left', call })
    }
    // Heard before the SDK hears it.
    leaving.signal.addEventListener('abort', leave, { once: true })
    if (leaving.signal.aborted) leave()
  }

  /** @returns whether the caller had left before. */
  ended(): boolean {
    this.#isOver = true
    if (this.#hasLeft) this.#process.underWay++
    return this.#hasLeft
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
  { who: owner, tool, amount }: Made,
  outcome: Outcome<unknown> | PreflightOutcome,
  isUnheard = false,
): string {
  const { status, trace } = outcome
  const run = trace.approvalId
  const code = codeOf(outcome)
  world.saw(`outcome: ${code === undefined ? status : `${status} ${code}`}`)
  if (run !== undefined) world.runs.set(run, owner)
  if (code === 'approval_denied') world.phones.heardNo(owner, tool, amount)
  if (status === 'denied' && run !== undefined && outcome.idempotencyKey !== undefined)
    world.inDoubt.push({ run, key: outcome.idempotencyKey, owner })
  const isUnstored = trace.steps.some(({ step, verdict }) => step === 'complete' && verdict === 'unavailable')
  const facts = { ...defined({ code, run }), ...resultIn(outcome), isUnheard, isUnstored }
  world.tell({ kind: 'outcome', call, status, ...facts, words: JSON.stringify(outcome) })
  return isUnheard ? 'left' : status
}

function codeOf(outcome: Outcome<unknown> | PreflightOutcome): string | undefined {
  if (outcome.status === 'denied') return outcome.code
  return outcome.status === 'interrupted' ? outcome.interrupt.kind : undefined
}

/** What a call is told of its result, and whether it is of a run before. A core that does not say so yet says nothing. */
function resultIn(outcome: Outcome<unknown> | PreflightOutcome): {
  readonly result?: string
  readonly isReplay?: boolean
} {
  if (outcome.status !== 'done') return {}
  const { replayed: isReplay } = outcome as { readonly replayed?: boolean }
  return defined({ result: isStream(outcome.result) ? undefined : JSON.stringify(outcome.result), isReplay })
}
