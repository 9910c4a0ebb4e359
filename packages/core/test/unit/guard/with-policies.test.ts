import { expect, test } from 'vitest'
import { behindGuard, bodyOf, isGuarded, withPolicies } from '../../../src/entrypoints/spi.ts'
import { ConfigurationError, policy } from '../../../src/index.ts'
import { schema, smallWorld } from './small-world.ts'

const read = policy(schema, { effect: 'read' })
const tools = [['look', 'a tool'] as const]

test('each tool comes with the policy of its name, and policies of further tools are left alone', () => {
  const policies = { look: read, other: policy(schema, { roles: ['payer'] }) }
  const guard = smallWorld().guard()
  expect(withPolicies('guardTools', tools, { guard, policies }, ['guard', 'policies'])).toEqual([
    { name: 'look', tool: 'a tool', policy: read },
  ])
})

test.each([
  ['no policy', {}, 'guardTools.policies.look: is missing'],
  ['a policy of a prototype only', Object.create({ look: read }), 'guardTools.policies.look: is missing'],
  ['a policy that the guard cannot serve', { look: policy(schema, { roles: ['payer'] }) }, 'look: needs a role'],
])('a tool with %s is refused', (_, policies, problem) => {
  const guard = smallWorld().guard()
  expect(() => withPolicies('guardTools', tools, { guard, policies }, ['guard', 'policies'])).toThrow(
    ConfigurationError,
  )
  expect(() => withPolicies('guardTools', tools, { guard, policies }, ['guard', 'policies'])).toThrow(problem)
})

test.each([
  ['an unknown option', { wait: 1 }, 'guardTools.wait: is not an option here; there are guard, policies'],
  ['no guard', { guard: undefined }, 'guardTools.guard: give what createGuard made'],
])('%s is refused', (_, given, problem) => {
  const options = { guard: smallWorld().guard(), policies: { look: read }, ...given }
  expect(() => withPolicies('guardTools', tools, options as never, ['guard', 'policies'])).toThrow(problem)
})

test('the function of a tool is taken once: a missing one, and one that is behind a guard, are refused by name', () => {
  const body = () => 1
  expect(bodyOf('guardTools.tools.look', body)).toBe(body)
  expect(isGuarded(body)).toBe(false)
  expect(behindGuard(body)).toBe(body)
  expect([isGuarded(body), isGuarded(undefined), isGuarded('body')]).toEqual([true, false, false])
  expect(() => bodyOf('guardTools.tools.look', body)).toThrow('guardTools.tools.look: is guarded already')
  for (const missing of [undefined, null, {}]) {
    expect(() => bodyOf('guardTools.tools.look', missing)).toThrow('guardTools.tools.look: has no execute')
  }
})
