import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import type { ApprovalAnswer, PolledChannel } from '../../../src/entrypoints/channels.ts'
import type { AccessChecker } from '../../../src/entrypoints/fga.ts'
import { inAppApprovals } from '../../../src/entrypoints/http.ts'
import { may, object, type Principal, policy } from '../../../src/index.ts'
import { overStore } from '../records/over-store.ts'
import { asks, ISSUER, schema, smallWorld, user } from './small-world.ts'

/** Rules and channels of an app that answer with one object, filled in for each call. */
const calls = (amounts: readonly number[], run: (amount: number) => Promise<unknown>) => Promise.all(amounts.map(run))

test(
  verifies(
    'A1',
    'a question goes to the approver whom the policy named for it, where the rule fills in one object for each call',
  ),
  async () => {
    const { guard, call, questions } = smallWorld()
    const behalf = guard()
    const approver = { issuer: ISSUER, subject: '' }
    const rules = policy(schema, {
      version: '1',
      approval: {
        message: ({ input }) => `Pay ${input.amount}`,
        approver: ({ input }) => Object.assign(approver, { subject: `approver-of-${input.amount}` }),
      },
    })
    await calls([1, 2], (amount) => behalf.run(rules, call({ slot: `${amount}`, input: { amount } }), () => 'paid'))
    expect(questions.map(({ message, approver: { subject } }) => `${message}: ${subject}`).sort()).toEqual([
      'Pay 1: approver-of-1',
      'Pay 2: approver-of-2',
    ])
  },
)

test(
  verifies(
    'F2',
    'a checker that waits is asked for the permission of its call, where the rule fills in one object for each call',
  ),
  async () => {
    const { guard, call } = smallWorld()
    const permissions: AccessChecker = {
      check: async ({ permissions: asked }) => {
        await Promise.resolve()
        const allowed = asked.every(({ object: name }) => name === 'account:2')
        return { allowed, checks: [{ question: 'can pay', allowed }] }
      },
    }
    const behalf = guard({ permissions })
    const permission = { ...may('can_pay', object('account', '1')) }
    const rules = policy(schema, {
      version: '1',
      effect: 'write',
      permission: ({ input }) => Object.assign(permission, may('can_pay', object('account', `${input.amount}`))),
    })
    const run = (amount: number) => behalf.run(rules, call({ slot: `${amount}`, input: { amount } }), () => 'paid')
    expect(await Promise.all([run(1), run(2)])).toMatchObject([{ code: 'not_permitted' }, { result: 'paid' }])
  },
)

test(
  verifies('A1', 'a no stays a no, where the channel fills in the same answer again while another writer was faster'),
  async () => {
    const { guard, call, clock, store, channel: asked } = smallWorld()
    const answer: { status: 'approved' | 'denied' } = { status: 'denied' }
    const channel: PolledChannel = { ...asked, poll: async () => answer as ApprovalAnswer }
    let conflicts = 0
    const contended = overStore(store, {
      put: async (key, value, options) => {
        if (conflicts-- !== 1) return store.put(key, value, options)
        answer.status = 'approved'
        return 'conflict'
      },
    })
    const behalf = guard({ approvals: channel, store: contended })
    const pay = () => behalf.run(asks, call(), () => 'paid')
    await pay()
    clock.advance(10)
    conflicts = 2
    expect(await pay()).toMatchObject({ status: 'denied', code: 'approval_denied' })
  },
)

test(
  verifies('A8', 'a question stays as it was stored, whatever a channel or a notification writes into what it gets'),
  async () => {
    const { guard, call, clock, channel: asked } = smallWorld()
    const rename = (approver: Principal): void => void Object.assign(approver, { subject: 'eve' })
    const inbox = inAppApprovals({ notify: ({ approver }) => rename(approver) })
    const channel: PolledChannel = {
      ...asked,
      checkMessage: (_, approver) => void rename(approver),
      carriesCredential: ({ approver }) => rename(approver) === undefined,
      ask: async (question, context) => {
        await inbox.ask(question, context)
        rename(question.approver)
        Object.assign(question.details[0] ?? {}, { amount: 1 })
        return { state: { deep: { n: 1 } }, interval: 5 }
      },
      poll: async ({ state }, question) => {
        seen.push(structuredClone({ state, question }))
        Object.assign(state.deep as object, { n: 2 })
        rename(question.approver)
        Object.assign(question.details[0] ?? {}, { amount: 1 })
        return { status: 'pending' }
      },
    }
    const seen: unknown[] = []
    const rules = policy(schema, {
      version: '1',
      approval: {
        message: () => 'Pay',
        approver: () => ({ issuer: ISSUER, subject: 'bob' }),
        details: ({ input }) => [{ type: 'payment', amount: input.amount }],
      },
    })
    const behalf = guard({ approvals: channel })
    for (let run = 0; run < 3; run++) {
      expect(await behalf.run(rules, call(), () => 'paid')).toMatchObject({ status: 'interrupted' })
      clock.advance(10)
    }
    const stored = { approver: { subject: 'bob' }, details: [{ type: 'payment', amount: 50 }] }
    expect(seen).toMatchObject(Array(2).fill({ state: { deep: { n: 1 } }, question: stored }))
    expect(await behalf.approvals.list({ identity: user(), as: 'owner' })).toMatchObject([stored])
  },
)
