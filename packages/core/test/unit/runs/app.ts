import * as z from 'zod'
import type { AuditEvent, Principal } from '../../../src/base/contract/index.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { createGuard, type Invocation, policy } from '../../../src/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { inAppApprovals } from '../../../src/runs/channels/in-app-approvals.ts'
import { type InAppInboxOptions, inAppInbox } from '../../../src/runs/channels/in-app-inbox.ts'
import { testClock } from './harness.ts'
import { ISSUER, person, sessions } from './people.ts'

export const ORIGIN = 'https://app.example'

const Order = z.strictObject({ symbol: z.string(), quantity: z.int() })

/** An app whose orders are approved in its own pages, by `bob` where not by the user. */
export function app(
  options: Partial<InAppInboxOptions> & { readonly approver?: Principal; readonly wait?: number } = {},
) {
  const { approver, wait, ...handler } = options
  const clock = testClock()
  const expiresAt = clock.now() / 1000 + 86_400
  const people = {
    ann: person('ann', { expiresAt }),
    bob: person('bob', { expiresAt }),
    mallory: person('mallory', { expiresAt }),
  }
  const store = memoryStore({ clock })
  const events: AuditEvent[] = []
  const guard = createGuard({
    authorizationServer: oidc({ issuer: ISSUER, clientId: 'app', clientSecret: 'a-client-secret' }),
    agent: { name: 'agent:trader' },
    approvals: inAppApprovals(),
    store,
    clock,
  })
  const order = policy(Order, {
    approval: {
      message: ({ input }) => `Buy ${input.quantity} shares of ${input.symbol}`,
      details: ({ input }) => [{ ...input, type: 'stock_order' }],
      ...(approver !== undefined && { approver: () => approver }),
    },
    ...(wait !== undefined && { wait: { maxSeconds: wait } }),
  })
  const inbox = inAppInbox({
    store,
    clock,
    identityOf: sessions(people),
    audit: { sink: { write: (event) => void events.push(event) }, agent: 'agent:trader' },
    ...handler,
  })
  const ran: unknown[] = []
  const invocation = (quantity = 50, slot = 'slot-1'): Invocation => ({
    tool: 'create_order',
    slot,
    input: { symbol: 'AAPL', quantity },
    identity: people.ann,
  })
  return {
    clock,
    people,
    store,
    guard,
    inbox,
    events,
    ran,
    run: (quantity?: number, slot?: string) =>
      guard.run(order, invocation(quantity, slot), async (input) => {
        ran.push(input)
        return 'ordered'
      }),
    list: async (user: string, query = '') => {
      const response = await inbox(new Request(`${ORIGIN}/inbox${query}`, { headers: { cookie: `session=${user}` } }))
      return { response, body: (await response.json()) as Inbox }
    },
    post: (user: string, body: unknown, headers: Record<string, string> = {}) =>
      inbox(
        new Request(`${ORIGIN}/inbox`, {
          method: 'POST',
          headers: { cookie: `session=${user}`, 'content-type': 'application/json', origin: ORIGIN, ...headers },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
      ),
  }
}

export interface Inbox {
  readonly questions: readonly {
    readonly id: string
    readonly message: string
    readonly details: readonly unknown[]
    readonly expiresAt: number
    readonly answerToken: string
  }[]
  readonly next?: string
}

/** The one question that the approver sees. */
export async function onlyQuestion(target: ReturnType<typeof app>, user = 'ann') {
  const { body } = await target.list(user)
  const [question] = body.questions
  if (question === undefined || body.questions.length > 1)
    throw new Error(`there are ${body.questions.length} questions`)
  return question
}

/** What an answer names its question by. */
export const pick = ({ id, answerToken }: { readonly id: string; readonly answerToken: string }) => ({
  id,
  answerToken,
})
