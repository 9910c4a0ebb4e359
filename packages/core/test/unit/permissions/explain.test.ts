import { describe, expect, test } from 'vitest'
import type { RelationshipQuestion } from '../../../src/permissions/openfga/access-checker.ts'
import { checker, everything, fgaServer, NOW, question } from './fga-server.ts'

const fga = fgaServer()
const tree = (subject: string, verdict: 'allowed' | 'denied') =>
  ({ step: 'relation', subject, verdict, children: [{ step: 'direct', subject, verdict, children: [] }] }) as const

describe('an explainer', () => {
  test('says why beside each answer, from the same facts', async () => {
    fga.know(...everything)
    const asked: RelationshipQuestion[] = []
    const one = checker({
      explainer: {
        explain: async (put) => {
          asked.push(put)
          return tree(`${put.object}#${put.relation}`, 'allowed')
        },
      },
    })
    const decision = await one.check(question())
    expect(decision.checks.map(({ explanation }) => explanation?.subject)).toEqual([
      'portfolio:p1#user_can_view',
      'portfolio:p1#agent_can_view',
      'agent:trader#acts_for',
    ])
    expect(asked[0]).toEqual({
      user: 'user:ann',
      relation: 'user_can_view',
      object: 'portfolio:p1',
      context: { now: new Date(NOW).toISOString() },
      contextualTuples: [],
    })
    expect(await one.explain?.(question())).toEqual(decision)
  })

  test('decides nothing, whatever it says or does', async () => {
    const yes = checker({ explainer: { explain: async ({ object }) => tree(object, 'allowed') } })
    expect((await yes.check(question())).allowed).toBe(false)
    fga.know(...everything)
    for (const explain of [() => Promise.reject(new Error('boom')), () => new Promise<never>(() => {})]) {
      const decision = await checker({ explainer: { explain }, timeoutMs: 1_000 }).check(question())
      expect(decision.allowed).toBe(true)
      expect(decision.checks[0]?.explanation).toMatchObject({ verdict: 'error', reason: expect.any(String) })
    }
  })

  test('is not there unless given, and is checked at construction', async () => {
    fga.know(...everything)
    expect(checker()).not.toHaveProperty('explain')
    expect((await checker().check(question())).checks[0]).not.toHaveProperty('explanation')
    expect(() => checker({ explainer: {} as never })).toThrow('openFga.explainer')
  })
})

describe('contextual tuples', () => {
  const tuple = { user: 'user:ann', relation: 'assignee', object: 'role:traders' }

  test('come from the verified identity, into every question', async () => {
    const identity = { ...question().identity, claims: { groups: ['traders'] } }
    const one = checker({
      contextualTuples: ({ claims }) =>
        (claims.groups as string[]).map((group) => ({ ...tuple, object: `role:${group}` })),
    })
    await one.check(question({ identity }))
    expect(fga.sent[0]?.body.checks).toHaveLength(3)
    for (const item of fga.sent[0]?.body.checks ?? []) {
      expect(item).toHaveProperty('contextual_tuples', { tuple_keys: [tuple] })
    }
  })

  test.each([
    ['a wildcard object', [{ ...tuple, object: 'role:*' }]],
    ['a hundred and one', Array.from({ length: 101 }, () => tuple)],
    ['no list', tuple],
    ['no tuple', [undefined]],
  ])('%s is refused, and nothing is sent', async (_, tuples) => {
    await expect(checker({ contextualTuples: () => tuples as never }).check(question())).rejects.toThrow(
      'contextualTuples',
    )
    expect(fga.sent).toEqual([])
  })
})
