// LangChain copies a run's context into its traces: LangSmith's tracer sends nothing of an identity but issuer and subject.
import { currentIdentity } from '@behalf/core'
import { awaitAllCallbacks } from '@langchain/core/callbacks/promises'
import { type StructuredToolInterface, tool } from '@langchain/core/tools'
import { MemorySaver } from '@langchain/langgraph'
import { createAgent, createMiddleware } from 'langchain'
import { beforeEach, expect, test, vi } from 'vitest'
import { guardTools } from '../src/index.ts'
import { call, contextSchema } from './agent.ts'
import { type Graph, handBuiltGraph, type Parts } from './framework.ts'
import { langSmith } from './langsmith.ts'
import { ScriptedModel } from './scripted-model.ts'
import { Amount, Nothing, policies, verified, world } from './world.ts'

const sent = langSmith()

beforeEach(() => {
  sent.length = 0
})

/** Claims that an identity holds, each with a mark of its own. */
const claims = {
  email: 'mark-email@example.com',
  name: 'mark-name',
  groups: ['mark-group'],
  scope: 'mark:scope',
  client_id: 'agent',
  sid: 'mark-session',
  jti: 'mark-jti',
  address: { street: 'mark-street' },
}

const middleware = [
  createMiddleware({
    name: 'looks-on',
    contextSchema,
    beforeModel: () => undefined,
    wrapToolCall: (request, handler) => handler(request),
  }),
]

const graphs: Readonly<Record<string, (parts: Parts) => Graph>> = {
  createAgent: ({ model, tools, checkpointer }) =>
    createAgent({ model, tools: [...tools], checkpointer, contextSchema, middleware }).graph as unknown as Graph,
  'a graph by hand': handBuiltGraph,
}

for (const [name, build] of Object.entries(graphs)) {
  test(`in ${name}: of calls that run, fail and pause`, async () => {
    const identity = await verified('ann', claims)
    expect(JSON.stringify(identity.claims)).toContain('mark-street')
    const tools = guardTools(
      [
        tool(() => `${currentIdentity().kind} looked`, { name: 'look', description: 'Looks', schema: Nothing }),
        tool(
          () => {
            throw new TypeError('no ping')
          },
          { name: 'ping', description: 'Fails', schema: Nothing },
        ),
        tool(() => 'paid', { name: 'pay', description: 'Pays', schema: Amount }),
      ],
      { guard: world().guard(), policies },
    )
    const model = new ScriptedModel([[call('a', 'look'), call('b', 'ping')], [call('c', 'pay', { amount: 1 })]])
    const graph = build({
      model,
      tools: tools as unknown as StructuredToolInterface[],
      checkpointer: new MemorySaver() as never,
    })
    const config = { configurable: { thread_id: 't' }, context: { identity } }
    await graph.invoke({ messages: [{ role: 'user', content: 'Go' }] }, config)
    await awaitAllCallbacks()
    await vi.waitFor(() => expect(sent.join()).toMatch(/user looked.*Pay 1/s), { timeout: 10_000 })
    const text = sent.join('\n')
    expect(text.match(/mark[-:][a-z]+/g)).toBeNull()
    expect(text).not.toMatch(/eyJ[\w-]{8,}\.eyJ/)
    // Where LangChain copies the context, whose run it is may be told.
    expect(text.includes('"subject":"ann"')).toBe(name === 'createAgent')
  })
}
