import {
  BehalfError,
  type Clock,
  createGuard,
  type Guard,
  type Outcome,
  type Profile,
  policy,
  type Store,
  type UserIdentity,
} from '@behalf/core'
import type { ApprovalChannel, ApprovalQuestion } from '@behalf/core/channels'
import * as z from 'zod'
import { TestingError } from '../testing-error.ts'

/** A channel for one test, with an app around it. */
export interface ChannelUnderTest {
  /** Profile of the app's issuer, for the guards that the suite makes. */
  readonly authorizationServer: Profile
  /** The app's store. Empty. */
  readonly store: Store
  /** The app's clock, which {@link ChannelUnderTest.wait} moves. */
  readonly clock: Clock
  /** Advances the time, for the clock and for the channel's server. */
  wait(seconds: number): Promise<void>
  /** A present user. Calls run for them, and they answer the questions. */
  readonly user: UserIdentity
  /** The channel, as each process of the app makes it. */
  channel(): ApprovalChannel
  /** Shows the user a question that was sent: on the phone, in a letter, on a page. They answer later, or never. */
  open(question: ApprovalQuestion): Promise<void>
  /**
   * Delivers an answer in the channel's own way: a button on a phone, the post of a page.
   *
   * It may reject if the channel, or the app, accepts no answer. Only the state of the question counts.
   *
   * @param by - `user`: the person who was asked. `other`: another person, with any proof that they can have.
   */
  answer(question: ApprovalQuestion, decision: 'approved' | 'denied', by: 'user' | 'other'): Promise<unknown>
  /** Delivers an approval that no person gave. */
  forge(question: ApprovalQuestion): Promise<unknown>
  /** Ends the resources of the test. Called once, also after a failure. */
  close(): Promise<void>
}

const Order = z.strictObject({ symbol: z.string(), quantity: z.int() })

/** Longer than tests wait for answers, and shorter than a login lasts. Seconds. */
export const LIFETIME_SECONDS = 120

const placeOrder = policy(Order, {
  version: '1',
  effect: 'write',
  approval: {
    message: ({ input }) => `Buy ${input.quantity} shares of ${input.symbol}`,
    details: ({ input }) => [{ ...input, type: 'stock_order' }],
    lifetimeSeconds: LIFETIME_SECONDS,
  },
})

/** An app that places orders after the user's approval. */
export class OrderApp {
  readonly under: ChannelUnderTest
  readonly questions: ApprovalQuestion[] = []
  readonly placed: number[] = []

  constructor(under: ChannelUnderTest) {
    this.under = under
  }

  /** A process of the app, over the same store. */
  process(): Guard {
    const { authorizationServer, store, clock } = this.under
    const channel = this.under.channel()
    const ask: ApprovalChannel['ask'] = (question, context) => {
      this.questions.push(question)
      return channel.ask(question, context)
    }
    // Other members of the channel are unchanged, even if it is a class.
    const approvals = Object.assign(Object.create(channel), { ask }) as ApprovalChannel
    return createGuard({ authorizationServer, agent: { name: 'agent:orders' }, approvals, store, clock })
  }

  order(guard: Guard, quantity: number, slot = `order-${quantity}`): Promise<Outcome<string>> {
    const invocation = { tool: 'place_order', slot, input: { symbol: 'AAPL', quantity }, identity: this.under.user }
    return guard.run(placeOrder, invocation, async () => {
      this.placed.push(quantity)
      return 'placed'
    })
  }

  /** Orders, and returns the question that was sent. */
  async asked(guard: Guard, quantity: number, slot?: string): Promise<ApprovalQuestion> {
    const before = this.questions.length
    const outcome = await this.order(guard, quantity, slot)
    const question = this.questions[before]
    if (outcome.status === 'interrupted' && question !== undefined) {
      await this.under.open(question)
      return question
    }
    throw new TestingError(`the user was not asked: the order ended as ${JSON.stringify(outcome)}`)
  }

  /** Makes the same call again, after the time that the app must wait. */
  async later(guard: Guard, quantity: number, slot?: string): Promise<Outcome<string>> {
    const outcome = await this.order(guard, quantity, slot)
    if (outcome.status !== 'interrupted' || outcome.interrupt.kind !== 'approval_pending') return outcome
    await this.under.wait(outcome.interrupt.interval ?? 1)
    return this.order(guard, quantity, slot)
  }

  /** Brings an answer that may be refused, with any error. */
  async attempt(answer: Promise<unknown>): Promise<void> {
    await answer.catch((error: unknown) => {
      // A fault of the test itself is no refusal.
      if (!BehalfError.isInstance(error) && !(error instanceof TestingError)) throw error
    })
  }
}
