import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { Identity } from '../../../src/base/contract/index.ts'
import { connection } from '../../../src/entrypoints/vault.ts'
import { isAsked, owns } from '../../../src/guard/methods/approval-inbox.ts'
import { parseInput } from '../../../src/guard/steps/parse.ts'
import { admit } from '../../../src/identity/verified.ts'
import { ConfigurationError, policy, resource } from '../../../src/index.ts'

const schema = z.object({ amount: z.number() })
const API = 'https://api.example.com'
const message = () => 'Pay?'
const make = (rules: object) => policy(schema, rules as never)
const account = connection('calendar', { scopes: ['write'], origins: ['https://calendar.example.com'] } as never)

describe('a rule that is misspelt is refused where it is written (E3)', () => {
  test.each<readonly [string, object]>([
    ['policy.effect', { effect: 'wirte' }],
    ['policy.subjects', { subjects: 'users' }],
    ['policy.permission', { permission: 'trade' }],
    ['policy.visibleWhen', { visibleWhen: true }],
    ['policy.timeoutMs', { timeoutMs: 0 }],
    ['policy.timeoutMs', { timeoutMs: Number.POSITIVE_INFINITY }],
    ['policy.wait.maxSeconds', { wait: { maxSeconds: -1 } }],
    ['policy.approval.enforcedBy', { approval: { message, enforcedBy: 'sdk' } }],
    ['policy.approval.onCrash', { approval: { message, onCrash: 'again' } }],
    ['policy.approval.details', { approval: { message, details: [] } }],
    ['policy.approval.when', { approval: { message, when: false } }],
    ['policy.approval.approver', { approval: { message, approver: 'ann' } }],
    ['policy.approval.lifetimeSeconds', { approval: { message, lifetimeSeconds: 0 } }],
    ['policy.approval.message', { approval: {} }],
    ['policy.approval.mesage', { approval: { message, mesage: message } }],
    ['policy.effect', { approval: { message }, effect: 'read' }],
  ])('%s', (option, rules) => {
    expect(() => make(rules)).toThrow(ConfigurationError)
    expect(() => make(rules)).toThrow(option)
  })

  test('and what is right is taken', () => {
    for (const onCrash of ['report', 'retry']) expect(() => make({ approval: { message, onCrash } })).not.toThrow()
    for (const effect of ['read', 'write']) expect(() => make({ effect })).not.toThrow()
    expect(() => make({ subjects: 'user', timeoutMs: 1, wait: { maxSeconds: 0.5 } })).not.toThrow()
  })
})

describe('what an exempted call may ask for (I5)', () => {
  const when = () => true
  const orders = (scopes: string[], withoutApproval?: string[]) =>
    resource(API, { scopes, ...(withoutApproval && { withoutApproval }) } as never)
  test('is named apart, and needs an approval under no other name for the same target', () => {
    const approval = { message, when }
    expect(() => make({ approval, access: { a: orders(['buy']) } })).toThrow('withoutApproval')
    expect(() => make({ approval, access: { a: orders(['buy'], ['read']) } })).not.toThrow()
    expect(() => make({ approval: { message }, access: { a: orders(['buy']) } })).not.toThrow()
    const twice = { a: orders(['buy'], ['read']), b: orders(['read'], ['look']) }
    expect(() => make({ approval, access: twice })).toThrow('read needs an approval')
    const other = resource('https://other.example.com', { scopes: ['read'], withoutApproval: ['look'] } as never)
    expect(() => make({ approval, access: { a: orders(['buy'], ['read']), other } })).not.toThrow()
  })
})

describe("enforcedBy: 'server' (A9)", () => {
  const approval = { message, enforcedBy: 'server', details: () => [] }
  const orders = resource(API, { scopes: ['buy'] })
  test('needs one resource, and details', () => {
    expect(() => make({ approval, access: { orders } })).not.toThrow()
    for (const access of [{}, { orders, again: orders }, { account }]) {
      expect(() => make({ approval, access })).toThrow('policy.approval.enforcedBy')
    }
    const { details: _, ...without } = approval
    expect(() => make({ approval: without, access: { orders } })).toThrow('policy.approval.enforcedBy')
  })
})

describe('the approved input runs (A10)', () => {
  const schemaOf = (validate: (value: unknown) => unknown): StandardSchemaV1 => ({
    '~standard': { version: 1, vendor: 'test', validate: validate as never },
  })
  const given = (value: unknown) => schemaOf(() => ({ value }))
  const parse = (one: StandardSchemaV1, raw: unknown) => parseInput(one, raw, 1_000)

  test('input and output are plain JSON, and the output is what the schema makes of itself', () => {
    expect(parse(schema, { amount: 5 })).toMatchObject({ input: { amount: 5 } })
    expect(parse(schema, new Date(0))).toEqual({ problem: expect.stringContaining('the input is not plain JSON') })
    expect(parse(schema, { amount: '5' })).toEqual({
      problem: expect.stringMatching(/^the input does not fit .*amount: /),
    })
    expect(parse(given({ a: new Date(0) }), { a: 1 })).toEqual({
      problem: expect.stringContaining("the schema's output is not plain JSON"),
    })
    expect(parse(z.object({}), { extra: 1 })).toEqual({
      problem: 'the schema silently drops $.extra: use z.strictObject',
    })
    const grows = schemaOf((value) => ({ value: { n: ((value as { n?: number }).n ?? 0) + 1 } }))
    expect(parse(grows, {})).toEqual({ problem: 'the schema gives another result for its own output' })
    const picky = schemaOf((value) =>
      'n' in (value as object) ? { issues: [{ message: 'no n' }] } : { value: { n: 1 } },
    )
    expect(parse(picky, {})).toEqual({ problem: 'the schema refuses its own output: no n' })
  })

  test('defaults are fine, and so is a field that is there and undefined', () => {
    expect(parse(z.object({ n: z.number().default(1) }), {})).toMatchObject({ input: { n: 1 } })
    expect(
      parse(
        schemaOf(() => ({ value: { n: 1, m: undefined } })),
        {},
      ),
    ).toMatchObject({ input: { n: 1 } })
  })

  test('a schema that takes its time is waited for, both times', async () => {
    const slow = schemaOf(async (value) => ({ value: { n: 1, ...(value as object) } }))
    expect(parse(slow, {})).toBeInstanceOf(Promise)
    expect(await parse(slow, {})).toMatchObject({ input: { n: 1 } })
    let calls = 0
    const second = schemaOf((value) => (calls++ === 0 ? { value: { n: 1 } } : Promise.resolve({ value })))
    expect(await parse(second, {})).toMatchObject({ input: { n: 1 } })
  })

  test('paths of issues are told, and at most three of them', () => {
    const issue = (path?: readonly unknown[]) => ({ message: 'wrong', ...(path && { path }) })
    const issues = [issue(), issue(['a', 0]), issue([{ key: 'b' }]), issue(['c'])]
    const told = { problem: 'the input does not fit the schema: wrong; a.0: wrong; b: wrong' }
    expect(
      parse(
        schemaOf(() => ({ issues })),
        {},
      ),
    ).toEqual(told)
  })
})

describe('whose a question is (A8)', () => {
  const ann = { issuer: 'https://login.example.com', tenant: 'acme', subject: 'ann' }
  const of = (over: Partial<Identity>, isInteractive = true) =>
    admit<Identity>({ kind: 'user', ...ann, clientId: 'web', claims: {}, ...over } as Identity, { isInteractive })
  const identity = of({})
  const record = { by: { owner: { ...ann, clientId: 'web' } }, question: { approver: ann } } as never
  const others: readonly Partial<Identity>[] = [{ issuer: 'https://other' }, { tenant: 'other' }, { subject: 'bob' }]

  test('its owner’s by issuer, tenant and subject where they are here, else by client as well', () => {
    expect(owns(identity, record)).toBe(true)
    for (const other of others) expect(owns(of(other), record)).toBe(false)
    expect(owns(of({ clientId: 'cli' }), record)).toBe(true)
    expect(owns(of({}, false), record)).toBe(true)
    expect(owns(of({ clientId: 'cli' }, false), record)).toBe(false)
    const agent: Identity = { kind: 'agent', issuer: ann.issuer, tenant: 'acme', clientId: 'web', claims: {} }
    expect(owns(agent, record)).toBe(false)
    expect(owns(agent, { by: { owner: { issuer: ann.issuer, tenant: 'acme', clientId: 'web' } } } as never)).toBe(true)
  })

  test('its approver’s by issuer, tenant and subject, whatever client they come through', () => {
    expect(isAsked(of({ clientId: 'phone' }), record)).toBe(true)
    expect(isAsked(of({ clientId: 'phone' }, false), record)).toBe(false)
    for (const other of others) expect(isAsked(of(other), record)).toBe(false)
    expect(isAsked(of({ kind: 'agent' }), record)).toBe(false)
    expect(isAsked(identity, { owner: ann } as never)).toBe(false)
  })
})
