import { expect, test } from 'vitest'
import { type ApprovalChannel, approvalAnswers, type VerifiedAnswer } from '../../../src/entrypoints/channels.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { asks, ISSUER, keys, smallWorld } from '../guard/small-world.ts'

test.each(['approved', 'denied'] as const)(
  'an answer counts that arrives before it is recorded that its question was sent: %s',
  async (decision) => {
    const { clock, store, guard, call } = smallWorld()
    const authorizationServer = oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 'a-client-secret' })
    let asked = 0
    let taken: Promise<unknown> | undefined
    const approvals: ApprovalChannel = {
      specificationVersion: 2,
      // A person at a terminal, or a machine in their place, answers before `ask` returns.
      ask: async ({ approvalId, questionId, approver }) => {
        asked++
        taken = take({ approvalId, questionId, approver, decision, at: clock.now() / 1000, evidence: {} })
        await new Promise((resolve) => setTimeout(resolve, 50))
        return { state: {} }
      },
      verify: async (answer) => answer as VerifiedAnswer,
    }
    const take = approvalAnswers({ authorizationServer, approvals, store, keys, clock })
    const behalf = guard({ approvals })
    await behalf.run(asks, call(), () => 'paid')
    expect(await taken).toMatchObject({ state: decision })
    expect((await behalf.run(asks, call(), () => 'paid')).status).toBe(decision === 'approved' ? 'done' : 'denied')
    expect(asked).toBe(1)
  },
)
