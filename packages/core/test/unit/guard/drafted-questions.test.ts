import { describe, expect, test } from 'vitest'
import type { ApprovalChannel } from '../../../src/entrypoints/channels.ts'
import { idJag } from '../../../src/entrypoints/enterprise.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { connection } from '../../../src/entrypoints/vault.ts'
import { admit } from '../../../src/identity/verified.ts'
import { type GuardOptions, type Identity, policy, resource } from '../../../src/index.ts'
import { ISSUER, schema, smallWorld, user } from './small-world.ts'

const message = () => 'Pay?'
const details = () => [{ type: 'payment' }]
const agent: Identity = admit({ kind: 'agent', issuer: ISSUER, clientId: 'agent', claims: {} })
const boss = { issuer: ISSUER, subject: 'boss' }

/** What becomes of a call whose policy asks by these rules, and what the person was asked. */
async function asked(rules: object, over: Partial<GuardOptions> = {}, identity: Identity = user(), more: object = {}) {
  const { guard, call, questions } = smallWorld()
  const asking = policy(schema, { approval: { message, ...rules }, ...more } as never)
  const outcome = await guard(over).run(asking, call({ identity }), () => 'ran')
  return { outcome, questions, detail: outcome.trace.steps.at(-1)?.detail }
}

/** A channel that remembers under which name it was asked. */
function named() {
  const used: string[] = []
  const at = (name: string): ApprovalChannel => ({
    specificationVersion: 2,
    ask: async () => {
      used.push(name)
      return { state: {} }
    },
    poll: async () => ({ status: 'pending' }),
  })
  return { used, at }
}

describe('which channel asks', () => {
  test.each<readonly [string, readonly string[], string | undefined, string]>([
    ['the only one, whatever it is called', ['phone'], undefined, 'phone'],
    ['of several the default', ['phone', 'default'], undefined, 'default'],
    ['the one that the policy names', ['phone', 'default'], 'phone', 'phone'],
  ])('%s', async (_, names, channel, expected) => {
    const { used, at } = named()
    const approvals = Object.fromEntries(names.map((name) => [name, at(name)]))
    const { outcome } = await asked({ ...(channel && { channel }) }, { approvals })
    expect(outcome).toMatchObject({ status: 'interrupted' })
    expect(used).toEqual([expected])
  })

  test.each<readonly [string, readonly string[], string | undefined, string]>([
    ['several, and none is the default', ['phone', 'mail'], undefined, '"default"'],
    ['one that is not there', ['phone'], 'fax', '"fax"'],
  ])('no channel, of %s: the missing one is named', async (_, names, channel, told) => {
    const { used, at } = named()
    const approvals = Object.fromEntries(names.map((name) => [name, at(name)]))
    const { outcome, detail } = await asked({ ...(channel && { channel }) }, { approvals })
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(detail).toBe(`asks by channel ${told}, which must be one of ${names.map((name) => `"${name}"`).join(', ')}`)
    expect(used).toEqual([])
  })

  test('a guard without any channel: the trace names the option, as guard.check does', async () => {
    const { outcome, detail } = await asked({}, { approvals: undefined as never })
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(detail).toBe('asks a person: give createGuard `approvals`, such as ciba()')
  })
})

describe('an invalid question is not sent (A8)', () => {
  test.each<readonly [string, object, string]>([
    ['an invalid approver', { approver: () => undefined }, 'approval.approver'],
    ['an approver that is null', { approver: () => null }, "subject: 'bob' })"],
    [
      'an approver that is a name',
      { approver: () => 'bob' },
      'approval.approver: names no person; give a function such as',
    ],
    ['an approver of no issuer', { approver: () => ({ ...boss, issuer: '' }) }, 'approval.approver'],
    ['an approver of no subject', { approver: () => ({ ...boss, subject: '' }) }, 'approval.approver'],
    ['an approver whose subject is a number', { approver: () => ({ ...boss, subject: 7 }) }, 'approval.approver'],
    ['an approver of an empty tenant', { approver: () => ({ ...boss, tenant: '' }) }, 'approval.approver'],
    ['details that are no list', { details: () => ({ type: 'payment' }) }, 'approval.details'],
    ['details that are no plain JSON', { details: () => [{ type: 'payment', at: new Date(0) }] }, 'approval.details'],
    ['details without a type', { details: () => [{ type: 'payment' }, {}] }, 'approval.details'],
    ['details whose type is empty', { details: () => [{ type: '' }] }, 'approval.details'],
    ['details whose type is a number', { details: () => [{ type: 7 }] }, 'approval.details'],
    ['details that hold nothing', { details: () => [null] }, 'approval.details'],
  ])('%s', async (_, rules, told) => {
    const { outcome, detail, questions } = await asked(rules)
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(detail).toContain(told)
    expect(questions).toEqual([])
  })

  test.each(['', '  '])('a message without a text (%j) is a fault of the rule, and not of the input', async (text) => {
    const { outcome, detail, questions } = await asked({ message: () => text })
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(detail).toBe('approval.message: is empty')
    expect(questions).toEqual([])
  })

  test('a message that cannot be shown as it is, is a fault of the input', async () => {
    const { outcome, detail, questions } = await asked({ message: () => 'x'.repeat(2_001) })
    expect(outcome).toMatchObject({ status: 'denied', code: 'invalid_input' })
    expect(detail).toBe('approval.message: is longer than 2000 characters')
    expect(questions).toEqual([])
  })

  test('an agent without a user has no approver', async () => {
    const { outcome, detail, questions } = await asked({}, {}, agent)
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(detail).toContain('approval.approver')
    expect(questions).toEqual([])
  })

  test('a message that the channel cannot carry is told before anything is sent', async () => {
    const { guard, call, questions, channel } = smallWorld()
    const short = { ...channel, checkMessage: (text: string) => (text.length > 3 ? 'too long' : undefined) }
    const asking = policy(schema, { approval: { message: ({ input }) => `${input.amount}` } })
    const behalf = guard({ approvals: short })
    const outcome = await behalf.run(asking, call({ input: { amount: 1000 } }), () => 'ran')
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(outcome.trace.steps.at(-1)?.detail).toContain('too long')
    expect(questions).toEqual([])
    expect(await behalf.run(asking, call({ slot: 'other' }), () => 'ran')).toMatchObject({ status: 'interrupted' })
  })

  test('the longest message there may be is asked whole', async () => {
    const { outcome, questions } = await asked({ message: () => 'x'.repeat(2_000) })
    expect(outcome).toMatchObject({ status: 'interrupted' })
    expect(questions[0]?.message).toHaveLength(2_000)
  })
})

describe('an answer brings its token for one resource of this server, a user and details, and for nothing else (A9)', () => {
  const api = resource('https://api.example/', { scopes: ['pay'] })
  const other = resource('https://other.example/', { scopes: ['read'] })
  const mail = connection('mail', { scopes: ['send'], origins: ['https://mail.example'] })
  const there = oidc({ issuer: 'https://auth.far.example', clientId: 'agent', clientSecret: 'a-secret-there' })
  const far = resource('https://far.example/', {
    scopes: ['pay'],
    through: idJag({ authorizationServer: there }),
  })
  const linked: object = {
    vault: {
      specificationVersion: 1,
      token: async () => ({ status: 'token', token: 'never looked at', scopes: ['send'] }),
    },
  }

  test.each<readonly [string, object, object]>([
    ['two resources', { api, other }, { details }],
    ['a connection alone', { mail }, { details }],
    ['a resource of another server', { far }, { details }],
    ['no details', { api }, {}],
    ['an empty list of details', { api }, { details: () => [] }],
    ['an agent, though a person is asked', { api }, { details, approver: () => boss }],
  ])('%s', async (_, access, rules) => {
    const { channel } = smallWorld()
    const asking: unknown[] = []
    const approvals = {
      ...channel,
      carriesCredential: () => true,
      ask: async (question: unknown) => {
        asking.push(question)
        return { state: {} }
      },
    }
    const { outcome } = await asked(rules, { approvals, ...linked }, 'approver' in rules ? agent : user(), { access })
    expect(outcome).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
    expect(asking).toHaveLength(1)
    expect(asking[0]).not.toHaveProperty('credential')
  })

  test.each<readonly [string, object]>([
    ['a resource', { api }],
    ['a resource beside a connection', { mail, api }],
  ])('and for %s it does', async (_, access) => {
    const { channel, questions } = smallWorld()
    const approvals = { ...channel, carriesCredential: () => true }
    const { outcome } = await asked({ details }, { approvals, ...linked }, user(), { access })
    expect(outcome).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
    expect(questions).toMatchObject([{ credential: { resource: 'https://api.example/', scopes: ['pay'] } }])
  })

  test('by its scopes alone where there are no details, the channel says so, and the server enforces nothing', async () => {
    const { channel, questions } = smallWorld()
    const approvals = { ...channel, carriesCredential: () => 'scopes' as const }
    const { outcome } = await asked({}, { approvals, ...linked }, user(), { access: { api } })
    expect(outcome).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
    expect(questions).toMatchObject([{ credential: { resource: 'https://api.example/', scopes: ['pay'] } }])
    const wanted = { details: () => [], enforcedBy: 'server' as const }
    const refused = await asked(wanted, { approvals }, user(), { access: { api } })
    expect(refused.outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    const detailed = await asked({ details }, { approvals, ...linked }, user(), { access: { api } })
    expect(detailed.outcome).toMatchObject({ status: 'interrupted' })
    expect(questions.at(-1)).not.toHaveProperty('credential')
  })

  test('where the channel cannot carry it, the question goes without', async () => {
    const { channel, questions } = smallWorld()
    const approvals = { ...channel, carriesCredential: () => false }
    await asked({ details }, { approvals }, user(), { access: { api } })
    expect(questions).toHaveLength(1)
    expect(questions[0]).not.toHaveProperty('credential')
  })
})
