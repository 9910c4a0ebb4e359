// An app that fills in one object for each call, and does not wait for the call before.
import { currentIdentity, may, object, policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { ensureConfig } from '@langchain/core/runnables'
import { StructuredTool, tool } from '@langchain/core/tools'
import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { guardRetriever, guardTools } from '../src/index.ts'
import { agentWith, call } from './agent.ts'
import { Amount, checker, Nothing, policies, verified, world } from './world.ts'

const subject = () => {
  const identity = currentIdentity()
  return identity.kind === 'user' ? identity.subject : 'no user'
}
const look = tool(subject, { name: 'look', description: 'Looks', schema: Nothing })

test(verifies('I1', 'a call acts for the user that it came with'), async () => {
  const [guarded] = guardTools([look], { guard: world().guard(), policies })
  const context = { identity: await verified('ann') }
  const bob = await verified('bob')
  const anns = guarded.invoke({}, { context } as never)
  context.identity = bob
  expect(await Promise.all([anns, guarded.invoke({}, { context } as never)])).toEqual(['ann', 'bob'])
})

test.each([
  ['zod', Amount],
  ['JSON schema', { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] }],
])(verifies('A12', 'a call keeps the arguments and the id that it came with: %s'), async (_, schema) => {
  const noted: unknown[] = []
  const note = tool((input: { amount: number }) => void noted.push(input.amount), {
    name: 'note',
    description: 'Notes',
    schema: schema as typeof Amount,
  })
  const [guarded] = guardTools([note], { guard: world().guard(), policies })
  const config = { context: { identity: await verified() }, configurable: { thread_id: 'thread' } } as never
  const args = { amount: 1 }
  const alone = guarded.invoke(args, config)
  args.amount = 2
  await Promise.all([alone, guarded.invoke(args, config)])
  expect(noted.splice(0).toSorted()).toEqual([1, 2])
  const toolCall = { type: 'tool_call' as const, id: 'one', name: 'note', args: { amount: 3 } }
  const one = guarded.invoke(toolCall, config)
  toolCall.id = 'two'
  toolCall.args.amount = 4
  const told = await Promise.all([one, guarded.invoke(toolCall, config)])
  expect(told).toMatchObject([{ tool_call_id: 'one' }, { tool_call_id: 'two' }])
  expect(noted.splice(0).toSorted()).toEqual([3, 4])
  // The same calls once more are told their results.
  for (const [id, amount] of [['one', 3] as const, ['two', 4] as const]) {
    await guarded.invoke({ type: 'tool_call', id, name: 'note', args: { amount } }, config)
  }
  expect(noted).toEqual([])
})

test.each<[string, (config: object | undefined) => object]>([
  ['spread', (config) => ({ ...config })],
  ['made by LangChain', (config) => ensureConfig(config)],
])(
  'a call keeps its user and its arguments where a library hands a copy of the configuration to call: %s',
  async (_, copy) => {
    const { call: original } = StructuredTool.prototype
    StructuredTool.prototype.call = function (input, config, ...rest) {
      return original.call(this, input, copy(config as object), ...rest)
    }
    onTestFinished(() => {
      StructuredTool.prototype.call = original
    })
    const Dated = z.strictObject({ amount: z.number(), at: z.string().default(() => crypto.randomUUID()) })
    const noted: unknown[] = []
    const note = tool(({ amount }) => void noted.push([subject(), amount]), {
      name: 'note',
      description: 'Notes',
      schema: Dated,
    })
    const [guarded] = guardTools([note], {
      guard: world().guard(),
      policies: { note: policy(Dated, { effect: 'write' }) },
    })
    const [ann, bob] = [await verified('ann'), await verified('bob')]
    const config = { configurable: { thread_id: 'thread' }, context: { identity: ann } }
    const anns = guarded.invoke({ type: 'tool_call', id: 'one', name: 'note', args: { amount: 1 } }, config as never)
    config.context.identity = bob
    await anns
    expect(noted).toEqual([['ann', 1]])
    config.context.identity = ann
    // The same call once more is told its result.
    await guarded.invoke({ type: 'tool_call', id: 'one', name: 'note', args: { amount: 1 } }, config as never)
    expect(noted).toHaveLength(1)
  },
)

test.each(['config', 'context'])(
  'a retriever reads for the user that its search came with: the same %s',
  async (same) => {
    const documents = ['ann-1', 'bob-1'].map((id) => ({ pageContent: id, metadata: { id } }))
    const retriever = guardRetriever<{ id: string }>(async (_, { skip }) => documents.slice(skip), {
      permissions: checker,
      agent: 'agent:payer',
      permission: ({ metadata }) => may('can_read', object('document', metadata.id)),
    })
    const config = { context: { identity: await verified('ann') } }
    const bob = await verified('bob')
    const anns = retriever.invoke('anything', config as never)
    if (same === 'config') config.context = { identity: bob }
    else config.context.identity = bob
    const bobs = retriever.invoke('anything', config as never)
    expect(await Promise.all([anns, bobs])).toEqual([documents.slice(0, 1), documents.slice(1)])
  },
)

test('a run acts for the next user where the app fills in its context object, as the guide warns', async () => {
  const steps = [[call('a', 'look')]]
  const context = { identity: await verified('ann') }
  const bob = await verified('bob')
  const runOf = async (identity?: Awaited<ReturnType<typeof verified>>) => {
    const tools = guardTools([look], { guard: world().guard(), policies, identity })
    const run = agentWith(tools, steps).ask(context)
    context.identity = bob
    const { messages } = await run
    return messages.filter(({ type }) => type === 'tool').map(({ text }) => text)
  }
  expect(await runOf()).toEqual(['bob'])
  // Tools that were made for the user of the request refuse to act for another one.
  context.identity = await verified('ann')
  expect(await runOf(context.identity)).toEqual(['This tool is not set up correctly. Trying again does not help.'])
})
