import { currentIdentity, policy } from '@behalf/core'
import { createTool } from '@mastra/core/tools'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../src/index.ts'
import { world } from './world.ts'

const Nothing = z.strictObject({})
const subject = () => {
  const identity = currentIdentity()
  return identity.kind === 'user' ? identity.subject : 'no user'
}

test('tools of one run act for its user, where the app fills in the same options for the next run', async () => {
  const target = await world()
  const [ann, bob] = [await target.login(), await target.login('bob')]
  const look = createTool({ id: 'look', description: 'Looks', inputSchema: Nothing, execute: async () => subject() })
  const options = { guard: target.guard(), policies: { look: policy(Nothing, {}) }, identity: ann }
  const anns = guardTools({ look }, options)
  options.identity = bob
  const bobs = guardTools({ look }, options)
  const told = [await anns.look.execute?.({}, {} as never), await bobs.look.execute?.({}, {} as never)]
  expect(told).toEqual(['ann', 'bob'])
})
