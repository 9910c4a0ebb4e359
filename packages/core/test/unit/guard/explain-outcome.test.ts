import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { explainOutcome } from '../../../src/entrypoints/audit.ts'
import { may, policy } from '../../../src/index.ts'
import { buy, policies, world } from './world.ts'

describe('explainOutcome', () => {
  test('names tool, status, code, and each step with its reason, one question of a permission on a line', async () => {
    const { guard, login, invocation } = await world()
    const identity = await login('bob')
    const call = invocation({ tool: 'create_order', input: buy(5), identity })
    const text = explainOutcome(await guard().run(policies.create_order, call, () => 'never'))
    expect(text.split('\n').map((line) => line.trimEnd())).toEqual([
      'create_order: denied (not_permitted)',
      '  input      passed      parsed',
      '  identity   passed      verified user',
      '  roles      passed      within the ceiling',
      `${' '.repeat(25)}no role map`,
      expect.stringMatching(/^ {2}permission denied {6}user:bob user_can_trade portfolio:p-ann: no/),
      expect.stringMatching(/^ {25}agent:\S+ agent_can_trade portfolio:p-ann: /),
      expect.stringMatching(/^ {25}user:bob acts_for /),
    ])
  })

  test('is what console.log prints of a trace, which holds no token and stays plain JSON', async () => {
    const { guard, login, invocation } = await world()
    const call = invocation({ tool: 'create_order', input: buy(5), identity: await login('bob') })
    const outcome = await guard().run(policies.create_order, call, () => 'never')
    const printed = inspect(outcome)
    for (const line of explainOutcome(outcome).split('\n').slice(1)) expect(printed).toContain(line.trim())
    expect(printed).not.toContain('[Object]')
    expect(printed).not.toMatch(/eyJ|\[token\]/)
    expect(Array.isArray(outcome.trace.steps)).toBe(true)
    const read = JSON.parse(JSON.stringify(outcome)) as typeof outcome
    expect(structuredClone(outcome)).toStrictEqual(read)
    expect(explainOutcome(read)).toBe(explainOutcome(outcome))
  })

  test('names what a call waits for', async () => {
    const { guard, login, invocation } = await world()
    const call = invocation({ tool: 'create_order', input: buy(50), identity: await login() })
    const text = explainOutcome(await guard().preflight(policies.create_order, call))
    expect(text).toContain('create_order: interrupted (approval_pending)\n')
  })

  test('holds no result, and shows line breaks and hidden characters of an input by their code', async () => {
    const { guard, login, invocation } = await world()
    const asks = policy(z.strictObject({ id: z.string() }), {
      permission: ({ input }) => may('can_view', `portfolio:${input.id}` as never),
    })
    const odd = invocation({ tool: 'get', input: { id: 'a\u202Eb' }, identity: await login() })
    const text = explainOutcome(await guard().run(asks, odd, () => 'never'))
    expect(text).not.toContain('\u202E')
    const done = invocation({ tool: 'whoami', input: {}, identity: await login() })
    expect(explainOutcome(await guard().run(policies.whoami, done, () => 'a secret result'))).not.toContain('secret')
  })
})
