import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { approvalAnswers } from '../../../src/entrypoints/channels.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { inAppApprovals } from '../../../src/runs/channels/in-app-approvals.ts'
import { app } from './app.ts'
import { ISSUER } from './people.ts'

describe('pages of the app’s own, without the handler', () => {
  async function asked() {
    const target = app({ approver: { issuer: ISSUER, subject: 'bob' } })
    const { guard, store, clock, people } = target
    await target.run()
    const [question] = await guard.approvals.list({ identity: people.bob, as: 'approver' })
    if (question === undefined) throw new Error('no question was sent')
    const authorizationServer = oidc({ issuer: ISSUER, clientId: 'app', clientSecret: 'a-client-secret' })
    const take = approvalAnswers({ authorizationServer, approvals: inAppApprovals(), store, clock })
    const { id, questionId } = question
    return { ...target, take, answer: { id, questionId, answer: 'approve', identity: people.bob } as const }
  }

  test('give the answer of the person who is signed in to the same function', async () => {
    const { guard, people, take, answer, run } = await asked()
    expect(await take(answer)).toEqual({ id: answer.id, state: 'approved' })
    const view = await guard.approvals.get(answer.id, { identity: people.ann })
    expect(view).toMatchObject({ state: 'approved', evidence: { method: 'in_app', clientId: 'app' } })
    expect(await run()).toMatchObject({ status: 'done' })
  })

  test(
    verifies('A8', 'give no answer of another person, and none of an object that only looks like an identity'),
    async () => {
      const { people, take, answer, run } = await asked()
      const fake = { ...people.bob }
      for (const [identity, reason] of [
        [people.mallory, 'wrong_approver'],
        [fake, 'unverified'],
        [undefined, 'unverified'],
      ] as const) {
        await expect(take({ ...answer, identity })).rejects.toMatchObject({ code: 'ERR_APPROVAL_ANSWER', reason })
      }
      expect(await run()).toMatchObject({ status: 'interrupted' })
    },
  )
})
