import { type Entries, port, type Watch } from '@behalf/testing/late-reads'
import { expect } from 'vitest'
import { delegations } from '../../../src/entrypoints/delegations.ts'
import { takeAgUiResume } from '../../../src/entrypoints/interrupts.ts'
import { roleMap } from '../../../src/entrypoints/roles.ts'
import { findPauses } from '../../../src/guard/interrupts/pauses.ts'
import { admit } from '../../../src/identity/verified.ts'
import { createGuard, defineTool, type Interrupt, may, memoryStore, object, policy } from '../../../src/index.ts'
import { asks, ISSUER, keys, schema, servers, smallWorld, user, writes } from '../guard/small-world.ts'
import { testChannel, testClock } from '../runs/harness.ts'

/** A guard whose own options are no longer the app's, and the id of a question that waits there. */
async function asked() {
  const world = smallWorld()
  const behalf = world.guard()
  const outcome = await behalf.run(asks, world.call(), () => 'ran')
  const interrupt = 'interrupt' in outcome ? outcome.interrupt : undefined
  return {
    ...world,
    behalf,
    interrupt: interrupt as Interrupt & { readonly id: string },
    id: (interrupt as { id: string }).id,
  }
}

/** The id of a run whose process died in it. */
async function crashed() {
  const world = smallWorld()
  const behalf = world.guard()
  await behalf.run(writes, world.call(), () => Promise.reject(new Error('lost'))).catch(() => {})
  const [view] = await behalf.approvals.list({ identity: user(), as: 'owner' })
  return { ...world, behalf, id: view?.id ?? '' }
}

const agreed = (clock: { now(): number }) => ({
  identity: user(),
  tools: ['pay'],
  scopes: ['payments'],
  expiresAt: clock.now() / 1000 + 3600,
  limit: { uses: 5, windowSeconds: 60 },
})

async function delegated() {
  const world = smallWorld()
  const behalf = world.guard()
  const { id } = await behalf.delegations.create(agreed(world.clock))
  return { ...world, behalf, id }
}

const checker = port({
  check: async ({ permissions }: { readonly permissions: readonly { readonly object: string }[] }) => ({
    allowed: true as const,
    checks: permissions.map(({ object: question }) => ({ question, allowed: true as const })),
  }),
})

/** A call by everything that a policy and a guard can name. */
async function runBy(watch: Watch, over: { readonly rules: boolean; readonly guard: boolean }) {
  const clock = port(testClock())
  const channel = port(testChannel().channel)
  const give = <Value extends object>(isGiven: boolean, value: Value) => (isGiven ? watch.given(value) : value)
  const rules = give(over.rules, {
    version: '1',
    effect: 'write' as const,
    callerScopes: undefined,
    permission: () => may('can_pay', object('account', 'a')),
    visibleWhen: () => may('can_pay', object('account', 'a')),
    approval: {
      message: () => 'Pay',
      approver: () => ({ issuer: ISSUER, subject: 'bob' }),
      details: () => [{ type: 'pay' }],
    },
  })
  const pay = watch.call(() => policy(schema, rules as never))
  const options = give(over.guard, {
    authorizationServer: servers().of(ISSUER).profile,
    agent: { name: 'agent:payer', ceiling: ['payments'] },
    roles: port(roleMap({ claim: 'roles', scopes: { payer: ['payments'] } })),
    approvals: { default: channel, other: channel },
    permissions: checker,
    store: port(memoryStore({ clock })),
    keys,
    clock,
    audit: { sink: port({ write: () => {} }), required: true as const },
    delegations: port(delegations()),
    mode: 'enforce' as const,
  })
  const behalf = watch.call(() => createGuard(options as never))
  const identity = user({ claims: { iat: 1_799_999_000, roles: ['payer'] } })
  const outcome = await behalf.run(
    pay as never,
    { tool: 'pay', slot: 'slot', input: { amount: 1 }, identity } as never,
    (() => 'ran') as never,
  )
  return [(outcome as { status: string }).status, (await behalf.visible({ pay: pay as never }, identity)).names]
}

const invocation = () => ({
  tool: 'pay',
  slot: ['thread', 'call'] as [string, string],
  input: { amount: 50, of: undefined } as never,
  rawInput: { amount: '50' },
  identity: user(),
})
const call = () => ({ ...invocation(), input: { amount: 50 } })
const agentIdentity = () => admit({ kind: 'agent', issuer: ISSUER, clientId: 'agent', claims: {} })

export const guardEntries: Entries = {
  policy: [(watch) => runBy(watch, { rules: true, guard: false }), ['interrupted', ['pay']]],
  createGuard: [(watch) => runBy(watch, { rules: false, guard: true }), ['interrupted', ['pay']]],
  defineTool: [
    async (watch) => {
      const { guard } = smallWorld()
      const approval = { when: () => false, message: () => 'Pay' }
      const options = { name: 'pay', description: 'Pays', input: port(schema), approval, run: () => 'paid' }
      const tool = watch.call(() => defineTool(watch.given(options)))
      const behalf = guard()
      const { tool: _, ...own } = call()
      return watch.call(() => behalf.run(tool, watch.given(own)))
    },
    { result: 'paid' },
  ],
  'guard.run': [
    async (watch) => {
      const { guard } = smallWorld()
      const behalf = guard()
      return watch.call(() => behalf.run(writes, watch.given(call()), ({ amount }) => amount))
    },
    { result: 50 },
  ],
  'guard.preflight': [
    async (watch) => {
      const { guard } = smallWorld()
      const behalf = guard()
      return watch.call(() => behalf.preflight(asks, watch.given(call())))
    },
    { status: 'interrupted' },
  ],
  'guard.visible': [
    async (watch) => {
      const { guard } = smallWorld()
      const behalf = guard()
      return watch.call(() => behalf.visible(watch.given({ pay: writes, ask: asks }), user()))
    },
    { names: ['pay', 'ask'] },
  ],
  'guard.check': [
    async (watch) =>
      watch.call(() =>
        smallWorld()
          .guard()
          .check(watch.given({ pay: writes })),
      ),
    [],
  ],
  'guard.revoke': [
    async (watch) => {
      const { behalf } = await asked()
      return watch.call(() => behalf.revoke(watch.given({ issuer: ISSUER, subject: 'ann' })))
    },
    { approvals: 1 },
  ],
  'guard.asOperator': [
    async (watch) => {
      const { behalf, events, id } = await asked()
      const operator = watch.call(() => behalf.asOperator(watch.given({ name: 'operator' })))
      await operator.cancel(id)
      return events.find(({ type }) => type === 'operator')
    },
    { operator: 'operator' },
  ],
  'operator.revoke': [
    async (watch) => {
      const { behalf } = await asked()
      return watch.call(() => behalf.asOperator({ name: 'o' }).revoke(watch.given({ issuer: ISSUER, subject: 'ann' })))
    },
    { approvals: 1 },
  ],
  'operator.resolve': [
    async (watch) => {
      const { behalf, id } = await crashed()
      const options = watch.given({ result: { paid: ['yes'] } })
      return watch.call(() => behalf.asOperator({ name: 'o' }).resolve(id, 'ran', options))
    },
    { state: 'used' },
  ],
  'approvals.get': [
    async (watch) => {
      const { behalf, id } = await asked()
      return watch.call(() => behalf.approvals.get(id, watch.given({ identity: user() })))
    },
    { state: 'open' },
  ],
  'approvals.list': [
    async (watch) => {
      const { behalf } = await asked()
      return watch.call(() => behalf.approvals.list(watch.given({ identity: user(), as: 'owner', limit: 5 })))
    },
    [{ state: 'open' }],
  ],
  'approvals.cancel': [
    async (watch) => {
      const { behalf, id } = await asked()
      return watch.call(() => behalf.approvals.cancel(id, watch.given({ identity: user() })))
    },
    { state: 'cancelled' },
  ],
  takeAgUiResume: [
    async (watch) => {
      const { behalf, interrupt } = await asked()
      const entry = { interruptId: interrupt.id, status: 'cancelled' } as const
      const options = watch.given({ guard: { approvals: port(behalf.approvals) }, identity: user() })
      return watch.call(() => takeAgUiResume(watch.given([entry]), watch.given([{ interrupt }]), options))
    },
    true,
  ],
  'approvals.resolve': [
    async (watch) => {
      const { behalf, id } = await crashed()
      const options = watch.given({ identity: user(), result: { paid: ['yes'] } })
      return watch.call(() => behalf.approvals.resolve(id, 'ran', options))
    },
    { state: 'used' },
  ],
  'approvals.reopen': [
    async (watch) => {
      const { behalf, id, answers, clock, call: own } = await asked()
      answers({ status: 'denied' })
      clock.advance(10)
      await behalf.run(asks, own(), () => 'ran')
      return watch.call(() => behalf.approvals.reopen(id, watch.given({ identity: user() })))
    },
    { id: expect.any(String) },
  ],
  'pauses.bind': [
    async (watch) => {
      const { behalf, interrupt } = await asked()
      return watch.call(() => behalf.pauses.bind(watch.given({ ...interrupt }), watch.given(['thread', 'pause'])))
    },
    { kind: 'approval_pending', proof: expect.any(String) },
  ],
  'pauses.isOwn': [
    async (watch) => {
      const { behalf, interrupt } = await asked()
      const bound = await behalf.pauses.bind(interrupt, ['thread', 'pause'])
      return watch.call(() => behalf.pauses.isOwn(watch.given({ ...bound }), watch.given(['thread', 'pause'])))
    },
    true,
  ],
  'pauses.stateOf': [
    async (watch) => {
      const { behalf, interrupt } = await asked()
      const bound = await behalf.pauses.bind(interrupt, ['thread', 'pause'])
      const options = watch.given({ pause: ['thread', 'pause'], identity: user() })
      return watch.call(() => behalf.pauses.stateOf(watch.given({ ...bound }), options))
    },
    'open',
  ],
  findPauses: [
    async (watch) => {
      const { behalf, interrupt } = await asked()
      const pending = [{ interrupt: await behalf.pauses.bind(interrupt, ['thread', 'pause']) }]
      const options = watch.given({ guard: behalf, identity: user() })
      return watch.call(() => findPauses(watch.given(pending), () => ['thread', 'pause'], options))
    },
    { status: 'open', resolved: [] },
  ],
  'delegations.create': [
    async (watch) => {
      const { guard, clock } = smallWorld()
      const behalf = guard()
      return watch.call(() => behalf.delegations.create(watch.given(agreed(clock))))
    },
    { tools: ['pay'] },
  ],
  'delegations.list': [
    async (watch) => {
      const { behalf } = await delegated()
      return watch.call(() => behalf.delegations.list(watch.given({ identity: user() })))
    },
    [{ tools: ['pay'] }],
  ],
  'delegations.revoke': [
    async (watch) => {
      const { behalf, id } = await delegated()
      return watch.call(() => behalf.delegations.revoke(id, watch.given({ identity: user() })))
    },
    'revoked',
  ],
  'delegations.identity': [
    async (watch) => {
      const { behalf, id } = await delegated()
      return watch.call(() => behalf.delegations.identity(id, watch.given({ agentIdentity: agentIdentity() })))
    },
    { subject: 'ann' },
  ],
}
