import { describe, expect, test } from 'vitest'
import type { ContextValue, FgaObject, Permission } from '../../../src/base/contract/index.ts'
import { ConfigurationError, InvalidObjectError } from '../../../src/base/errors/index.ts'
import { may } from '../../../src/permissions/openfga/may.ts'
import { object } from '../../../src/permissions/openfga/object.ts'
import { keyOf, questionsFor, textOf } from '../../../src/permissions/openfga/question.ts'

const cash = object('account', 'cash')
const user = object('user', 'ann')
const agent = object('agent', 'trader')
const relations = {
  user: (relation: string) => `user_${relation}`,
  agent: (relation: string) => `agent_${relation}`,
  delegation: 'acts_for',
}

describe('may (F4)', () => {
  test('names each fact by itself, and nothing else', () => {
    const permission = may('trade', cash, { context: { amount: 50, tags: ['a', 'b'] } })
    expect(permission).toEqual({ relation: 'trade', object: cash, context: { amount: 50, tags: ['a', 'b'] } })
    expect(may('trade', cash)).toEqual({ relation: 'trade', object: cash })
    expect(() => may('trade', cash, { contexts: {} } as never)).toThrow(ConfigurationError)
  })

  test.each([
    ['', ConfigurationError],
    ['two words', ConfigurationError],
    ['a:b', ConfigurationError],
    // 26 signs of two bytes each.
    ['é'.repeat(26), ConfigurationError],
    [7 as never, ConfigurationError],
  ])('refuses the relation %o', (relation, error) => {
    expect(() => may(relation, cash)).toThrow(error)
  })

  test('refuses what `object` did not make', () => {
    expect(() => may('trade', 'cash' as FgaObject)).toThrow(InvalidObjectError)
    expect(() => may('trade', 'account:*' as FgaObject)).toThrow(InvalidObjectError)
  })

  test.each<readonly [unknown]>([[Number.NaN], [{ nested: true }], [null], [['text', 1]], [[1, 'text']]])(
    'refuses the fact %o',
    (value) => {
      expect(() => may('trade', cash, { context: { fact: value as ContextValue } })).toThrow('context.fact')
    },
  )

  test('refuses the time, which is the checker’s to say', () => {
    expect(() => may('trade', cash, { context: { now: '2026-01-01T00:00:00Z' } as never })).toThrow('context.now')
  })
})

describe('what is asked (F2)', () => {
  const ask = (subjects: Parameters<typeof questionsFor>[0], permission: Permission) =>
    questionsFor(subjects, [permission], relations, [])
  const permission = may('trade', cash, { context: { amount: 50 } })

  test('each question has the facts of its permission', () => {
    const context = { amount: 50 }
    expect(ask({ kind: 'user-and-agent', user, agent }, permission)).toEqual([
      { user, relation: 'user_trade', object: cash, context },
      { user: agent, relation: 'agent_trade', object: cash, context },
      { user, relation: 'acts_for', object: agent, context },
    ])
    expect(ask({ kind: 'user', user }, permission)).toEqual([{ user, relation: 'user_trade', object: cash, context }])
    expect(ask({ kind: 'agent', agent }, permission)).toEqual([
      { user: agent, relation: 'agent_trade', object: cash, context, note: 'the agent alone: no user' },
    ])
  })

  test('a permission that `may` did not make is checked all the same', () => {
    const made = { relation: 'trade', object: 'account:*' } as unknown as Permission
    expect(() => ask({ kind: 'user', user }, made)).toThrow(InvalidObjectError)
  })

  test('a model without the agent’s relations is told of, by name', () => {
    const { user: named } = relations
    const both = { kind: 'user-and-agent', user, agent } as const
    expect(() => questionsFor(both, [permission], { user: named }, [])).toThrow('relations.agent')
    expect(() => questionsFor(both, [permission], { user: named, agent: named }, [])).toThrow('relations.delegation')
    expect(() => questionsFor(both, [permission], { ...relations, user: () => 'two words' }, [])).toThrow(
      'relations.user',
    )
    expect(() => questionsFor(both, [permission], { ...relations, agent: () => '' }, [])).toThrow('relations.agent')
  })
})

describe('one question for one answer (F3)', () => {
  const question = { user, relation: 'read', object: cash }
  test('everything that can change the answer tells it apart', () => {
    const keys = [
      question,
      { ...question, user: agent },
      { ...question, relation: 'trade' },
      { ...question, object: object('account', 'bonds') },
      { ...question, context: { amount: 50 } },
      { ...question, context: { amount: 51 } },
      { ...question, contextualTuples: [{ user, relation: 'owner', object: cash }] },
      { ...question, contextualTuples: [{ user: agent, relation: 'owner', object: cash }] },
    ].map(keyOf)
    expect(new Set(keys).size).toBe(keys.length)
    expect(keyOf({ ...question, context: {}, contextualTuples: [] })).toBe(keyOf(question))
  })

  test('is told in the notation of OpenFGA', () => {
    expect(textOf(question)).toBe('user:ann read account:cash')
    expect(textOf({ ...question, note: 'no user' })).toBe('user:ann read account:cash (no user)')
  })
})
