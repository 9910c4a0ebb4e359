import { expectTypeOf, test } from 'vitest'
import type { SubjectToken } from '../../src/entrypoints/identity.ts'
import type { Token } from '../../src/entrypoints/spi.ts'
import type { AuditEvent } from '../../src/index.ts'

/** Every type that stands somewhere in an event. */
type Within<Value> = Value extends string | number | boolean | undefined | null
  ? Value
  : Value extends readonly (infer Item)[]
    ? Within<Item>
    : Value extends object
      ? Value | { [Key in keyof Value]-?: WithinOnce<Value[Key]> }[keyof Value]
      : Value
/** Chains (`actor`, `children`) hold themselves: one turn says all. */
type WithinOnce<Value> = Value extends readonly (infer Item)[] ? Item : Value

test('no field of an event takes a token', () => {
  expectTypeOf<Extract<Within<AuditEvent>, Token>>().toBeNever()
  expectTypeOf<Token>().not.toExtend<Within<AuditEvent>>()
  expectTypeOf<SubjectToken>().not.toExtend<Within<AuditEvent>>()
  const base = { v: 1, at: 0, agent: 'a', tool: 't' } as const
  const token = {} as Token
  // @ts-expect-error a token is no text
  const credential: AuditEvent = { ...base, type: 'raw_token', credential: token }
  // @ts-expect-error nor is it an audience
  const audience: AuditEvent = { ...base, type: 'token', source: 'exchange', audience: token, scopes: [] }
  // @ts-expect-error nor one of the fields of an event
  const value: AuditEvent = { ...base, type: 'token', source: 'exchange', audience: 'a', scopes: [], token }
  // @ts-expect-error nor the id of a call
  const call: AuditEvent = { ...base, type: 'raw_token', credential: 'c', callId: token }
  void [credential, audience, value, call]
})
