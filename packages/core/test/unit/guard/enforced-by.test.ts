import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { Token } from '../../../src/credential/index.ts'
import type { ApprovalEvent } from '../../../src/entrypoints/audit.ts'
import { type AuditEvent, type Profile, policy, resource } from '../../../src/index.ts'
import { schema, smallWorld } from './small-world.ts'
import { API, world } from './world.ts'

const Pay = z.strictObject({ amount: z.int() })
const details = ({ input }: { input: { amount: number } }) => [{ type: 'stock_order', amount: input.amount }]
const message = () => 'Do it'
const access = { trade: resource(API, { scopes: ['trade:small'] }) }

const enforcedBy = (events: readonly AuditEvent[]) =>
  new Set(events.filter((event): event is ApprovalEvent => event.type === 'approval').map((event) => event.enforcedBy))

/** Asks, approves, and runs; what was asked of the person, and which token the body had. */
async function approved(rules: object, withCiba: Partial<NonNullable<Profile['ciba']>> = {}, approverName?: string) {
  const target = await world()
  const { ciba, issuer } = target.profile
  if (ciba === undefined) throw new Error('no CIBA')
  const profile = { ...target.profile, ciba: { ...ciba, ...withCiba } }
  const behalf = target.guard({ authorizationServer: profile })
  const approval = {
    message,
    details,
    ...rules,
    ...(approverName !== undefined && { approver: () => ({ issuer, subject: approverName }) }),
  }
  const asking = policy(Pay, { approval, access })
  const call = target.invocation({ tool: 't', input: { amount: 5 }, identity: await target.login() })
  const first = await behalf.run(asking, call, () => 'ran')
  const [asked] = await target.authorizationServer.controls.pendingRequests()
  const backchannel = (await target.authorizationServer.controls.requests()).find(
    ({ parameters }) => parameters.login_hint,
  )
  if (first.status === 'interrupted') await target.authorizationServer.controls.approve()
  target.clock.advance(10)
  const outcome = await behalf.run(asking, call, (_, context) => context.access.trade.scopes)
  const grants = (await target.authorizationServer.controls.requests()).map(
    ({ parameters }) => `${parameters.grant_type}`,
  )
  return {
    ...target,
    first,
    outcome,
    asked,
    sent: backchannel?.parameters ?? {},
    exchanges: grants.filter((grant) => grant.includes('token-exchange')).length,
  }
}

describe('which token carries the approval is decided by approver, channel and profile (A9)', () => {
  test(
    verifies('A9', '(a) the user, CIBA, and a profile that carries details: the answer’s token is the credential'),
    async () => {
      const { outcome, events, sent, exchanges } = await approved({ enforcedBy: 'server' })
      expect(outcome).toMatchObject({ status: 'done', result: ['trade:small'] })
      expect(JSON.stringify(outcome.trace)).toContain('enforcedBy: server')
      expect(enforcedBy(events)).toEqual(new Set(['server']))
      expect(sent).toMatchObject({ audience: API, scope: 'openid trade:small' })
      expect(JSON.parse(String(sent.authorization_details))).toEqual([{ type: 'stock_order', amount: 5 }])
      expect(exchanges).toBe(0)
    },
  )

  test(
    verifies(
      'A9',
      '(b) a profile that carries none: evidence only; the credential is exchanged, and the trace says so',
    ),
    async () => {
      const { outcome, events, sent, exchanges } = await approved({}, { carriesAuthorizationDetails: false })
      expect(outcome).toMatchObject({ status: 'done', result: ['trade:small'] })
      expect(JSON.stringify(outcome.trace)).toContain('enforcedBy: sdk')
      expect(enforcedBy(events)).toEqual(new Set(['sdk']))
      expect(sent).toMatchObject({ scope: 'openid' })
      expect(sent).not.toHaveProperty('authorization_details')
      expect(sent).not.toHaveProperty('audience')
      expect(exchanges).toBe(1)
    },
  )

  test(
    verifies('A9', '(b) and a policy that wants the server to hold it: refused, and no question is sent'),
    async () => {
      const { first, asked } = await approved({ enforcedBy: 'server' }, { carriesAuthorizationDetails: false })
      expect(first).toMatchObject({ status: 'denied', code: 'misconfigured' })
      expect(asked).toBeUndefined()
    },
  )

  test('(b) another approver, and details that belong to an API: they do not go without one', async () => {
    const { sent, outcome, exchanges } = await approved({}, {}, 'bob')
    expect(sent).not.toHaveProperty('authorization_details')
    expect(outcome).toMatchObject({ status: 'done' })
    expect(exchanges).toBe(1)
  })

  test('(b) another approver, and details that need no API: they go along as evidence', async () => {
    const { sent, events } = await approved({}, { detailsNeedTarget: false }, 'bob')
    expect(JSON.parse(String(sent.authorization_details))).toEqual([{ type: 'stock_order', amount: 5 }])
    expect(sent).not.toHaveProperty('audience')
    expect(enforcedBy(events)).toEqual(new Set(['sdk']))
  })
})

describe('the token of an approval (A9 a)', () => {
  const token = { value: new Token('the-approval-token'), scopes: ['write'] }
  const api = resource('https://api.example/', { scopes: ['write'] })
  const holds = policy(schema, { approval: { message, details }, access: { api } })

  async function answered(answer: object) {
    const { guard, call, channel, answers, clock } = smallWorld()
    const behalf = guard({ approvals: { ...channel, carriesCredential: () => true } })
    await behalf.run(holds, call(), () => 'ran')
    answers({ status: 'approved', token: { ...token, ...answer } })
    clock.advance(10)
    return behalf.run(holds, call(), (_, { access: { api } }) => api.scopes)
  }

  test('is the credential', async () => {
    expect(await answered({})).toMatchObject({ status: 'done', result: ['write'] })
  })

  test('by its scopes alone is the credential, too, and the trace and the audit say that the SDK enforces it', async () => {
    const { guard, call, channel, answers, clock } = smallWorld()
    const events: AuditEvent[] = []
    const behalf = guard({
      approvals: { ...channel, carriesCredential: () => 'scopes' },
      audit: { write: (event) => void events.push(event) },
    })
    const plain = policy(schema, { approval: { message }, access: { api } })
    await behalf.run(plain, call(), () => 'ran')
    answers({ status: 'approved', token })
    clock.advance(10)
    const outcome = await behalf.run(plain, call(), (_, { access: { api } }) => api.scopes)
    expect(outcome).toMatchObject({ status: 'done', result: ['write'] })
    expect(JSON.stringify(outcome.trace)).toContain('enforcedBy: sdk')
    expect(enforcedBy(events)).toEqual(new Set(['sdk']))
  })

  test('bound to a key that is not here, it is not used (I8)', async () => {
    expect(await answered({ keyThumbprint: 'another-key' })).toMatchObject({ status: 'denied', code: 'misconfigured' })
  })
})
