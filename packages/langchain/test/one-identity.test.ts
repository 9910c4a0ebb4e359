import { ConfigurationError, currentIdentity } from '@behalf/core'
import { tool } from '@langchain/core/tools'
import { expect, test } from 'vitest'
import { guardTools } from '../src/index.ts'
import { agentWith, call } from './agent.ts'
import { Nothing, policies, verified, world } from './world.ts'

const look = tool(() => JSON.stringify(currentIdentity()), { name: 'look', description: 'x', schema: Nothing })

test('tools that were made for one user refuse a run of another, and run for the same one', async () => {
  const errors: unknown[] = []
  const options = { guard: world().guard(), policies, onError: (error: unknown) => errors.push(error) }
  const tools = guardTools([look], { ...options, identity: await verified('ann') })
  const bob = await agentWith(tools, [[call('a', 'look')]]).ask({ identity: await verified('bob') })
  expect(JSON.stringify(bob.messages)).toContain('This tool is not set up correctly.')
  expect(errors).toSatisfy((all: unknown[]) => all.length === 1 && ConfigurationError.isInstance(all[0]))
  const ann = await agentWith(tools, [[call('a', 'look')]]).ask({ identity: await verified('ann') })
  expect(JSON.stringify(ann.messages)).toContain('ann')
})

test.each([
  ['the user', {}, { act: { sub: 'helper' } }],
  ['another agent', { act: { sub: 'helper' } }, { act: { sub: 'stranger' } }],
])('tools that were made for %s refuse a run of an agent of the same user', async (_, own, other) => {
  const options = { guard: world().guard(), policies, identity: await verified('ann', own) }
  const tools = guardTools([look], options)
  const refused = await agentWith(tools, [[call('a', 'look')]]).ask({ identity: await verified('ann', other) })
  expect(JSON.stringify(refused.messages)).toContain('This tool is not set up correctly.')
  const same = await agentWith(tools, [[call('a', 'look')]]).ask({ identity: await verified('ann', own) })
  expect(JSON.stringify(same.messages)).toContain('subject')
})

test('tools that are guarded already are refused', () => {
  const options = { guard: world().guard(), policies }
  expect(() => guardTools(guardTools([look], options), options)).toThrow('guarded already')
})
