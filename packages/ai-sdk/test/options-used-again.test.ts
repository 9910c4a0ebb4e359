import { currentIdentity, policy } from '@behalf/core'
import { tool } from 'ai'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../src/index.ts'
import { world } from './world.ts'

const Nothing = z.strictObject({})
const subject = () => {
  const identity = currentIdentity()
  return identity.kind === 'user' ? identity.subject : 'no user'
}

test('tools of one request act for its user, where the app fills in the same options for the next request', async () => {
  const target = await world()
  const [ann, bob] = [await target.login(), await target.login('bob')]
  const look = tool({ inputSchema: Nothing, execute: async () => subject() })
  const options = { guard: target.guard(), policies: { look: policy(Nothing, {}) }, identity: ann, threadId: 'anns' }
  const anns = guardTools({ look }, options)
  Object.assign(options, { identity: bob, threadId: 'bobs' })
  const bobs = guardTools({ look }, options)
  const call = { toolCallId: 'one', messages: [], context: {} }
  expect([await anns.tools.look.execute?.({}, call), await bobs.tools.look.execute?.({}, call)]).toEqual(['ann', 'bob'])
})
