import { expect } from 'vitest'
import type { ApprovalAnswer, ApprovalChannel } from '../../../src/entrypoints/channels.ts'
import { type Invocation, type Outcome, policy, TransportError } from '../../../src/index.ts'
import { asks, ISSUER, schema, smallWorld, user } from './small-world.ts'

/** Phones that count each push, also one whose response the agent does not get. Two guards over one store send them. */
export function phone() {
  const world = smallWorld()
  const pushes: { readonly at: number; readonly by: string; readonly id: string }[] = []
  const answers = new Map<string, ApprovalAnswer>()
  let isLost = false
  const channel: ApprovalChannel = {
    ...world.channel,
    ask: async (question, context) => {
      pushes.push({ at: world.clock.now() / 1000 - 1_800_000_000, by: question.owner.subject, id: question.approvalId })
      if (isLost) throw new TransportError('the push went out, and its response was lost')
      return world.channel.ask(question, context)
    },
    poll: async (_, { approvalId }) => answers.get(approvalId) ?? { status: 'pending' },
  }
  const guards = [world.guard({ approvals: channel }), world.guard({ approvals: channel })] as const
  let calls = 0
  return {
    ...world,
    channel,
    pushes,
    guard: guards[0],
    times: () => pushes.map(({ at }) => at),
    losesResponses: () => {
      isLost = true
    },
    /** Calls with a new slot and a new amount, by one guard and the other in turn. */
    run: (over: Partial<Invocation> = {}, rules = asks) => {
      const guard = guards[calls++ % 2] ?? guards[0]
      return guard.run(rules, world.call({ slot: `slot-${calls}`, input: { amount: calls }, ...over }), () => 'ran')
    },
    /** Answers these questions, or all, and lets the agent poll. */
    says: async (status: 'approved' | 'denied', which = pushes) => {
      for (const { id, by } of which.filter((push) => !answers.has(push.id))) {
        answers.set(id, { status })
        world.clock.advance(6)
        await guards[0].approvals.get(id, { identity: user({ subject: by }) })
      }
    },
  }
}

/** The boss approves for all owners. */
export const asksBoss = policy(schema, {
  version: '1',
  approval: { message: ({ input }) => `Pay ${input.amount}`, approver: () => ({ issuer: ISSUER, subject: 'boss' }) },
})

export const idOf = (outcome: Outcome<string>): string => (outcome.status === 'interrupted' ? outcome.interrupt.id : '')

/** An outcome without a question, whose trace names the bound. */
export const refusedBy = (bound: string) => ({
  status: 'unavailable',
  retryAfter: expect.any(Number),
  trace: { steps: expect.arrayContaining([expect.objectContaining({ detail: expect.stringContaining(bound) })]) },
})
