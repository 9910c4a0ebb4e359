import type { Interrupt } from '@behalf/core'
import type { ApproveOptions, PendingRequest, TargetUser } from '@behalf/testing'
import type { Person } from './person.ts'
import type { Printer } from './print.ts'
import type { World } from './world.ts'

const decisions = {
  approve: 'and approves',
  deny: 'and denies',
  ignore: 'and does not answer until it expires',
  later: 'and has not answered yet',
} as const

/** One user's phone: shows the authorization server's questions, and takes the answers. */
export class Phone {
  /** Questions to the person, oldest first. */
  readonly questions: PendingRequest[] = []
  readonly #world: World
  readonly #user: TargetUser
  readonly #printer: Printer

  constructor(world: World, user: TargetUser, printer: Printer) {
    this.#world = world
    this.#user = user
    this.#printer = printer
  }

  /** Lets the person answer, and advances the clock until a poll is due. */
  async ring({ interval = 8 }: Interrupt, person: Person): Promise<'look' | 'leave'> {
    const { clock, target } = this.#world
    const { controls } = target.authorizationServer
    const question = await this.#openQuestion()
    if (question === undefined) {
      await clock.forward(interval)
      return 'look'
    }
    this.#show(question)
    const decision = await person.decide(question)
    this.#printer.field('', decisions[decision])
    if (decision === 'later') return 'leave'
    if (person.answersThemselves) {
      await clock.forward(interval)
      return 'look'
    }
    if (decision === 'deny' && (await this.#isOpen(question))) await controls.deny(question.authReqId)
    if (decision === 'approve') await this.approve(interval)
    else await clock.forward(decision === 'ignore' ? question.expiresAt - clock.now() / 1000 + 1 : interval)
    return 'look'
  }

  /** Approves the newest question, if it is still open. */
  async approve(interval = 8): Promise<void> {
    const question = await this.#openQuestion()
    if (question === undefined) this.#printer.field('phone', 'too late: the question is no longer open')
    else await this.#world.target.authorizationServer.controls.approve(question.authReqId, this.#grant(question))
    await this.#world.clock.forward(interval)
  }

  async #openQuestion(): Promise<PendingRequest | undefined> {
    const { controls } = this.#world.target.authorizationServer
    return (await controls.pendingRequests(this.#user.subject)).at(-1)
  }

  async #isOpen({ authReqId }: PendingRequest): Promise<boolean> {
    return (await this.#openQuestion())?.authReqId === authReqId
  }

  #show(question: PendingRequest): void {
    if (this.questions.some(({ authReqId }) => authReqId === question.authReqId)) return
    this.questions.push(question)
    this.#printer.question(question)
  }

  /**
   * Returns the server's grant for an approval: the requested values. With the fault `wrong-grant`, ten times the
   * order.
   */
  #grant({ authorizationDetails = [] }: PendingRequest): ApproveOptions {
    if (this.#world.fault !== 'wrong-grant') return {}
    const tenfold = authorizationDetails.map((detail) => ({ ...detail, quantity: Number(detail.quantity) * 10 }))
    return { authorizationDetails: tenfold }
  }
}
