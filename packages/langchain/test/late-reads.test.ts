// What `late-reads` of core holds: an entry point reads the app's objects before its first wait.
import { defineTool, may, object } from '@behalf/core'
import { coversEachEntryPoint, type Entries, port, readsInTime, type Watch } from '@behalf/testing/late-reads'
import { BaseRetriever } from '@langchain/core/retrievers'
import { tool } from '@langchain/core/tools'
import { expect } from 'vitest'
import * as langchain from '../src/index.ts'
import { guardRetriever, guardTools, interruptsOf, resumeWhenResolved, toLangChainTools } from '../src/index.ts'
import { agentWith, call } from './agent.ts'
import { Amount, checker, policies, verified, world } from './world.ts'

const ann = await verified()
const document = { pageContent: 'a', metadata: { id: 'ann-1' } }
const note = tool(({ amount }: { amount: number }) => `noted ${amount}`, {
  name: 'note',
  description: 'Notes',
  schema: Amount,
})
const config = () => ({
  context: { identity: ann },
  configurable: { thread_id: 'thread', own: { kept: 1 } },
  tags: ['a'],
  metadata: { a: 1 },
  toolCall: toolCall(),
  state: { messages: [{ id: 'message', tool_calls: [{ id: 'one', name: 'note', args: { amount: 1 } }] }] },
})
const toolCall = () => ({ type: 'tool_call' as const, id: 'one', name: 'note', args: { amount: 1 } })

class Fixed extends BaseRetriever<{ id: string }> {
  readonly lc_namespace = ['test']
  override _getRelevantDocuments = async () => [document]
}
const retrieverOptions = () => ({
  permissions: port(checker),
  agent: 'agent:payer',
  identity: ann,
  permission: ({ metadata }: { readonly metadata: { id: string } }) => may('can_read', object('document', metadata.id)),
})
const retriever = () => guardRetriever<{ id: string }>(new Fixed(), { ...retrieverOptions(), identity: ann })
const guarded = () => guardTools([note], { guard: world().guard(), policies, identity: ann })[0]

/** A graph that waits for an answer, which is there. */
async function answered() {
  const target = world()
  const guard = target.guard()
  const pay = tool(() => 'paid', { name: 'pay', description: 'Pays', schema: Amount })
  const agent = agentWith(guardTools([pay], { guard, policies }), [[call('a', 'pay', { amount: 1 })]])
  await agent.ask({ identity: ann })
  target.answer('approved')
  target.pass()
  const { tasks } = await agent.state()
  return { guard, state: { tasks: tasks.map(({ interrupts }) => ({ interrupts: structuredClone(interrupts) })) } }
}

const invoked = (way: 'tool call' | 'arguments') => async (watch: Watch) => {
  const one = guarded()
  const input = watch.given(way === 'arguments' ? { amount: 1 } : toolCall())
  return watch.call(() => one.invoke(input as never, watch.given(config()) as never))
}

const entries: Entries = {
  guardTools: [
    async (watch) => {
      const options = watch.given({
        guard: port(world().guard()),
        policies: { ...policies },
        identity: ann,
        onError: () => {},
      })
      const [one] = watch.call(() => guardTools(watch.given([note]), options))
      return one?.invoke({ amount: 1 })
    },
    'noted 1',
  ],
  toLangChainTools: [
    async (watch) => {
      const { ...definition } = { name: 'note', description: 'Notes', input: Amount, effect: 'write' as const }
      const defined = defineTool({ ...definition, run: ({ amount }) => `noted ${amount}` })
      const options = watch.given({ identity: ann, onError: () => {} })
      const [one] = watch.call(() => toLangChainTools(world().guard(), watch.given([defined]), options))
      return one?.invoke({ amount: 1 })
    },
    'noted 1',
  ],
  guardRetriever: [
    async (watch) => watch.call(() => guardRetriever(new Fixed(), watch.given(retrieverOptions()))).invoke('q'),
    [document],
  ],
  interruptsOf: [
    async (watch) => {
      const { state } = await answered()
      return watch.call(() => interruptsOf(watch.given(state)))
    },
    [{ interrupt: { kind: 'approval_pending' } }],
  ],
  resumeWhenResolved: [
    async (watch) => {
      const { guard, state } = await answered()
      const options = { guard: { pauses: port(guard.pauses) }, identity: ann, signal: new AbortController().signal }
      return watch.call(() => resumeWhenResolved(watch.given(state), watch.given(options)))
    },
    { status: 'resolved', command: { resume: expect.any(Object) } },
  ],
  'tool.invoke': [invoked('arguments'), { content: 'noted 1' }],
  'tool.invoke of a tool call': [invoked('tool call'), { content: 'noted 1', tool_call_id: 'one' }],
  'tool.func': [
    async (watch) => {
      const { func } = guarded()
      return watch.call(() => func(watch.given({ amount: 1 }), undefined, watch.given(config()) as never))
    },
    'noted 1',
  ],
  'retriever.invoke': [
    async (watch) => {
      const one = retriever()
      return watch.call(() => one.invoke('q', watch.given(config()) as never))
    },
    [document],
  ],
}

readsInTime(entries)

coversEachEntryPoint({
  modules: [langchain],
  objects: () => {
    const { invoke, func } = guarded()
    return { tool: { invoke, func }, retriever: { invoke: retriever().invoke } }
  },
  tables: [entries],
  exempt: ['parseInterrupt'],
})
