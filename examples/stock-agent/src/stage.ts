import type { DenyCode, Outcome } from '@behalf/core'
import type { ApproveOptions, PendingRequest, TargetUser } from '@behalf/testing'
import { createStockAgent, type ToolCall, type Turn } from './agent.ts'
import type { Checks } from './check.ts'
import type { Session } from './login.ts'
import { type Person, scriptedPerson } from './person.ts'
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
}

export interface ConversationOptions {
  readonly actor: Actor
  readonly threadId: string
  /** @default one who never answers */
  readonly person?: Person
}

/** A conversation that is shown as it goes. */
export interface Conversation {
  say(prompt: string): Promise<Turn>
  retry(call: ToolCall, why: string): Promise<Turn>
  /** Questions that the person got, oldest first. */
  readonly questions: readonly PendingRequest[]
}

/** What a part of the demo has to work with. */
export class Stage {
  readonly world: World
  readonly printer: Printer
  readonly checks: Checks
  /** Who answers in the four levels, where the terminal was not asked for. */
  readonly terminal: Person | undefined
  readonly #sessions = new Map<string, Session>()

  constructor(parts: { world: World; printer: Printer; checks: Checks; terminal?: Person | undefined }) {
    this.world = parts.world
    this.printer = parts.printer
    this.checks = parts.checks
    this.terminal = parts.terminal
  }

  /** Signs a user in, once; later parts go on with the same session. */
  async signIn(user: TargetUser): Promise<Required<Actor>> {
    const session = this.#sessions.get(user.subject) ?? (await this.world.signIn(user))
    this.#sessions.set(user.subject, session)
    return { user, session }
  }

  /** Orders that the exchange carried out: the exchange's own word, not the agent's. */
  async orderCount(user: TargetUser): Promise<number> {
    return (await this.world.target.api.controls.orders(user.portfolio)).length
  }

  converse({ actor, threadId, person = scriptedPerson() }: ConversationOptions): Conversation {
    const questions: PendingRequest[] = []
    const { identity } = actor.session ?? {}
    const agent = createStockAgent({
      guard: this.world.guard,
      planner: scriptedPlanner,
      threadId,
      ...(identity && { identity }),
      portfolio: actor.user.portfolio,
      onCall: ({ tool, input }) => this.printer.field('model', `calls ${tool} ${JSON.stringify(input)}`),
      waitForPerson: async (interrupt) => {
        this.printer.waiting(interrupt)
        return this.#askPerson(actor.user, person, questions, interrupt.interval ?? 5)
      },
    })
    const { subject } = actor.user
    return {
      questions,
      say: (prompt) => this.#show(`${subject} says “${prompt}”`, () => agent.ask(prompt)),
      retry: (call, why) => this.#show(why, () => agent.retry(call)),
    }
  }

  async #askPerson(user: TargetUser, person: Person, questions: PendingRequest[], interval: number) {
    const { controls } = this.world.target.authorizationServer
    const question = (await controls.pendingRequests(user.subject)).at(-1)
    if (question === undefined) {
      this.world.clock.forward(interval)
      return 'look'
    }
    const isNew = !questions.some(({ authReqId }) => authReqId === question.authReqId)
    if (isNew) {
      questions.push(question)
      this.printer.question(question)
    }
    const decision = await person.decide(question)
    this.printer.field('', decisions[decision])
    if (decision === 'later') return 'leave'
    if (decision === 'approve') await controls.approve(question.authReqId, this.grant(question))
    if (decision === 'deny') await controls.deny(question.authReqId)
    const now = this.world.clock.now() / 1000
    this.world.clock.forward(decision === 'ignore' ? question.expiresAt - now + 1 : interval)
    return 'look'
  }

  /** What the server grants on a yes: what was asked. With the fault `wrong-grant`, the server writes ten times the order into the token. */
  grant(question: PendingRequest | undefined): ApproveOptions {
    const { authorizationDetails = [] } = question ?? {}
    if (this.world.fault !== 'wrong-grant') return {}
    return { authorizationDetails: authorizationDetails.map((one) => ({ ...one, quantity: Number(one.quantity) * 10 })) }
  }

  async #show(opening: string, take: () => Promise<Turn>): Promise<Turn> {
    const { printer, world } = this
    const audited = world.audit.length
    const requested = world.wire.apiRequests.length
    printer.line()
    printer.field('user', opening, 'cyan')
    const turn = await take()
    for (const request of world.wire.apiRequests.slice(requested)) printer.apiRequest(request)
    const last = turn.outcomes.at(-1)
    if (last !== undefined) printer.trace(last.trace)
    printer.audit(world.audit.slice(audited))
    printer.field('answer', turn.answer, 'bold')
    return turn
  }
}

const decisions = {
  approve: 'and approves',
  deny: 'and denies',
  ignore: 'and does not answer until it runs out',
  later: 'and has not answered yet',
} as const

/** How a turn ended, in one word: `done`, a deny code, or the kind of interrupt. */
export function endOf(turn: Turn): string {
  const outcome = turn.outcomes.at(-1)
  if (outcome === undefined) return 'words'
  return wordOf(outcome)
}

function wordOf(outcome: Outcome<unknown>): 'done' | 'unavailable' | DenyCode | string {
  if (outcome.status === 'denied') return outcome.code
  return outcome.status === 'interrupted' ? outcome.interrupt.kind : outcome.status
}

/** What the body gave. */
export function resultOf(turn: Turn): unknown {
  const outcome = turn.outcomes.at(-1)
  return outcome?.status === 'done' ? outcome.result : undefined
}
