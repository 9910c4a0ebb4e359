import type { TargetUser } from '@behalf/testing'
import { createStockAgent, type StockAgent, type StockAgentOptions, type ToolCall, type Turn } from './agent.ts'
import type { Checks } from './check.ts'
import type { Session } from './login.ts'
import { type Person, scriptedPerson } from './person.ts'
import { Phone } from './phone.ts'
import { scriptedPlanner } from './planner.ts'
import type { Printer } from './print.ts'
import type { World } from './world.ts'

/** One level or one refusal. */
export interface Part {
  readonly title: string
  readonly lead: string
  run(stage: Stage): Promise<void>
}

/** A user at the keyboard, signed in or not. */
export interface Actor {
  readonly user: TargetUser
  readonly session?: Session
  /** The session's identity is an object that no verification made. */
  readonly isForged?: true
}

/** A conversation that is printed during its run. */
export interface Conversation {
  readonly phone: Phone
  say(prompt: string): Promise<Turn>
  retry(call: ToolCall, why: string): Promise<Turn>
  /** Makes the same call several times in parallel. The results are not shown. */
  atOnce(call: ToolCall, times: number): Promise<readonly Turn[]>
}

/** Makes the agent that a conversation is held with. */
export type AgentMaker = (options: StockAgentOptions) => StockAgent

/** Tools of one part of the demo. */
export class Stage {
  readonly world: World
  readonly printer: Printer
  readonly checks: Checks
  /** Person who answers in level 4, if the terminal was requested. */
  readonly terminal: Person | undefined
  readonly turns: Turn[] = []
  readonly #makeAgent: AgentMaker
  readonly #sessions = new Map<string, Session>()

  constructor(parts: {
    readonly world: World
    readonly printer: Printer
    readonly checks: Checks
    readonly terminal: Person | undefined
    readonly makeAgent?: AgentMaker | undefined
  }) {
    this.world = parts.world
    this.printer = parts.printer
    this.checks = parts.checks
    this.terminal = parts.terminal
    this.#makeAgent = parts.makeAgent ?? createStockAgent
  }

  /** Signs a user in, once; later parts use the same session. */
  async signIn(user: TargetUser): Promise<Actor & { readonly session: Session }> {
    const session = this.#sessions.get(user.subject) ?? (await this.world.signIn(user))
    this.#sessions.set(user.subject, session)
    return { user, session }
  }

  /** Returns the number of executed orders, as the exchange reports it, and not the agent. */
  async orderCount(user: TargetUser): Promise<number> {
    return (await this.world.target.api.controls.orders(user.portfolio)).length
  }

  /** @param person - Holder of the phone. @default a person who does not answer while the agent waits */
  converse(actor: Actor, threadId: string, person: Person = scriptedPerson()): Conversation {
    const { guard } = this.world
    const { user, session } = actor
    const phone = new Phone(this.world, user, this.printer)
    const agent = this.#makeAgent({
      guard,
      planner: scriptedPlanner,
      threadId,
      ...(session && { identity: session.identity }),
      portfolio: user.portfolio,
      onCall: ({ tool, input }) => this.printer.field('tool call', `${tool} ${JSON.stringify(input)}`),
      waitForPerson: (interrupt) => {
        this.printer.waiting(interrupt)
        return phone.ring(interrupt, person)
      },
    })
    return {
      phone,
      say: (prompt) => this.#show(actor, 'user', `${user.subject}: “${prompt}”`, () => agent.ask(prompt)),
      retry: (call, why) => this.#show(actor, 'again', why, () => agent.retry(call)),
      atOnce: (call, times) => Promise.all(Array.from({ length: times }, () => agent.retry(call))),
    }
  }

  /**
   * Asks, lets the person approve, and leaves the approval unused.
   * @returns `undefined` if there was no open question: that is a mismatch
   */
  async askAndApprove(user: TargetUser, threadId: string, prompt: string) {
    const actor = await this.signIn(user)
    const talk = this.converse(actor, threadId)
    const { call, outcomes } = await talk.say(prompt)
    const outcome = outcomes.at(-1)
    this.checks.equal('the order waits for its answer', outcome?.status, 'interrupted')
    if (call === undefined || outcome?.status !== 'interrupted') return undefined
    const { id, interval } = outcome.interrupt
    const { identity } = actor.session
    const state = async () => (await this.world.guard.approvals.get(id, { identity }))?.state
    this.printer.field('phone', `${user.subject} approves while the agent is away`)
    await talk.phone.approve(interval)
    this.checks.equal('the approval arrived', await state(), 'approved')
    return { actor, talk, call, approvalId: id, state }
  }

  async #show(actor: Actor, label: string, text: string, take: () => Promise<Turn>): Promise<Turn> {
    const { printer, world } = this
    const audited = world.audit.length
    const requested = world.wire.apiRequests.length
    printer.line()
    printer.field(label, text, 'cyan')
    printer.field('acts', `${world.target.agentName} for ${nameOf(actor)}`)
    const turn = await take()
    this.turns.push(turn)
    for (const request of world.wire.apiRequests.slice(requested)) printer.apiRequest(request)
    const last = turn.outcomes.at(-1)
    if (last !== undefined) printer.trace(last.trace)
    printer.audit(world.audit.slice(audited))
    printer.field('answer', turn.answer, 'bold')
    return turn
  }
}

function nameOf({ session, isForged }: Actor): string {
  if (session === undefined) return 'no user'
  return isForged ? `a caller who claims to be ${session.user.subject}` : session.user.subject
}
