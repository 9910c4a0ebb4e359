import { currentIdentity, policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { createTool } from '@mastra/core/tools'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../src/index.ts'
import { world } from './world.ts'

const Nothing = z.strictObject({})
const Amount = z.strictObject({ amount: z.number() })
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

test.each([
  ['begins', {}],
  [
    'is resumed',
    { agent: { toolCallId: 'one', threadId: 'thread', resumeData: { answer: true } }, runId: 'run', writer: {} },
  ],
])(
  verifies(
    'A12',
    'a call that %s keeps its arguments, its place and its user, where the app fills in the same objects',
  ),
  async (_, given) => {
    const target = await world()
    const [ann, bob] = [await target.login(), await target.login('bob')]
    const note = createTool({
      id: 'note',
      description: 'Notes',
      inputSchema: Amount,
      execute: async ({ amount }, { agent }) => [subject(), amount, agent?.toolCallId],
    })
    let now = ann
    const tools = guardTools(
      { note },
      { guard: target.guard(), policies: { note: policy(Amount, { effect: 'write' }) }, identity: () => now },
    )
    const context = structuredClone<{ agent?: { toolCallId: string } }>(given)
    const input = { amount: 1 }
    const call = () => tools.note.execute?.(input, context as never)
    const anns = call()
    now = bob
    input.amount = 2
    if (context.agent !== undefined) context.agent.toolCallId = 'two'
    const bobs = call()
    const [one, two] = context.agent === undefined ? [] : ['one', 'two']
    expect(await Promise.all([anns, bobs])).toEqual([
      ['ann', 1, one],
      ['bob', 2, two],
    ])
  },
)
