import { describe, expect, test } from 'vitest'
import type { AccessCheck } from '../../../src/entrypoints/fga.ts'
import { type GuardOptions, may, object, policy } from '../../../src/index.ts'
import { schema, smallWorld } from './small-world.ts'

const permission = () => may('can_view', object('portfolio', 'p'))
const explanation = { step: 'relation', subject: 'portfolio:p', verdict: 'denied', children: [] } as const

/** The last step of a call whose permission system answers this. */
async function answered(checks: readonly AccessCheck[], rules: object = {}, over: Partial<GuardOptions> = {}) {
  const { guard, call } = smallWorld()
  const allowed = checks.every((check) => check.allowed)
  const behalf = guard({ permissions: { check: async () => ({ allowed, checks }) }, ...over })
  const outcome = await behalf.run(policy(schema, { permission, ...rules }), call(), () => 'ran')
  const step = outcome.trace.steps.find((one) => one.step === 'permission')
  return { outcome, step }
}

describe('what the trace tells of a permission check', () => {
  test.each<readonly [string, readonly AccessCheck[], object, string]>([
    [
      'each question and its answer',
      [
        { question: 'u r o', allowed: true },
        { question: 'a r o', allowed: false },
      ],
      {},
      'u r o: yes; a r o: no',
    ],
    [
      'why an answer was invalid',
      [{ question: 'u r o', allowed: false, problem: 'it was redirected' }],
      {},
      'u r o: no (it was redirected)',
    ],
    [
      'that only the user was asked about',
      [{ question: 'u r o', allowed: true }],
      { subjects: 'user' },
      'u r o: yes (user only: the model has no agents)',
    ],
  ])('%s', async (_, checks, rules, detail) => {
    expect((await answered(checks, rules)).step?.detail).toBe(detail)
  })

  test('the reasons, if the checker gives any', async () => {
    const no = { question: 'q', allowed: false }
    for (const over of [{}, { mode: 'observe' }] as const) {
      const told = await answered([{ ...no, explanation }, no], {}, over)
      expect(told.step?.explanations).toEqual([explanation])
      expect((await answered([no], {}, over)).step).not.toHaveProperty('explanations')
    }
    expect((await answered([{ question: 'q', allowed: true, explanation }])).step?.explanations).toEqual([explanation])
  })
})

test('a policy that needs a permission checker is refused without one', async () => {
  const { guard, call } = smallWorld()
  const outcome = await guard().run(policy(schema, { permission }), call(), () => 'ran')
  expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
  expect(outcome.trace.steps.at(-1)?.detail).toContain('`permissions`')
})

test('a rule for what is shown is a rule for what runs, and both are asked', async () => {
  const { guard, call } = smallWorld()
  const asked: unknown[] = []
  const permissions = {
    check: async ({ permissions: all }: { permissions: readonly { readonly object: string }[] }) => {
      asked.push(all.map((one) => one.object))
      return { allowed: true, checks: [{ question: 'q', allowed: true }] }
    },
  }
  const visibleWhen = () => may('can_use', object('tool', 't'))
  const behalf = guard({ permissions })
  await behalf.run(policy(schema, { visibleWhen }), call(), () => 'ran')
  await behalf.run(policy(schema, { visibleWhen, permission }), call(), () => 'ran')
  expect(asked).toEqual([['tool:t'], ['tool:t', 'portfolio:p']])
})
