// What `late-reads` of core holds: an entry point reads the app's objects before its first wait.
import { defineTool, policy } from '@behalf/core'
import { coversEachEntryPoint, type Entries, port, readsInTime, type Watch } from '@behalf/testing/late-reads'
import { RunContext, tool } from '@openai/agents'
import * as z from 'zod'
import * as adapter from '../src/index.ts'
import { guardTools, interruptsOf, restoreRun, resumeWhenResolved, saveRun, toOpenAiTools } from '../src/index.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import { agentOf, approved, runner, threadId, transfers, world } from './world.ts'

const Amount = z.strictObject({ amount: z.number() })
const note = tool({
  name: 'note',
  description: 'Notes',
  parameters: Amount,
  errorFunction: null,
  execute: async ({ amount }, _, details) => `noted ${amount} ${details?.toolCall?.callId}`,
})
const policies = { note: policy(Amount, { effect: 'write' }) }

async function optionsOf() {
  const target = await world()
  return { guard: port(target.guard()), policies, identity: await target.login(), threadId, onError: () => {} }
}

const argumentsOf = JSON.stringify({ amount: 1 })
const toolCall = { type: 'function_call', name: 'note', callId: 'one', arguments: argumentsOf } as const
/** As the runner makes them: it is told what the tool's own schema parsed. */
const details = () => ({ toolCall, [Symbol('openai.agents.functionToolParsedInputCallback')]: () => {} })
const contextOf = () => ({
  usage: {},
  context: { thread: 'a' },
  toJSON: () => ({ approvals: { note: { approved: true } } }),
})

/** A run that waits for Ann, who has said yes. */
async function answered() {
  const target = await world()
  const [guard, identity] = [target.guard(), await target.login()]
  const { plain, policies: rules } = transfers()
  const tools = guardTools({ transfer: plain }, { guard, policies: rules, identity, threadId })
  const model = new ScriptedModel([call('one', 'transfer', { amount: 50 })])
  const agent = agentOf(model, { tools: Object.values(tools) })
  const { state } = await runner.run(agent, 'Transfer 50')
  await approved(target)
  const given = {
    _context: state._context,
    getInterruptions: () => state.getInterruptions(),
    approve: () => {},
    toJSON: () => state.toJSON(),
  }
  return { guard, identity, agent, state: given, saved: saveRun(state) }
}

const invoked = async (watch: Watch) => {
  const { note: one } = guardTools({ note }, await optionsOf())
  return watch.call(() => one.invoke(watch.given(contextOf()) as never, argumentsOf, watch.given(details())))
}

const entries: Entries = {
  guardTools: [
    async (watch) => {
      const options = watch.given(await optionsOf())
      const tools = watch.call(() => guardTools(watch.given({ note }), options))
      return tools.note.invoke(new RunContext() as never, argumentsOf, details())
    },
    'noted 1 one',
  ],
  toOpenAiTools: [
    async (watch) => {
      const { guard, policies: _, ...context } = await optionsOf()
      const definition = { name: 'note', description: 'Notes', input: Amount, effect: 'write' } as const
      const defined = defineTool({ ...definition, run: ({ amount }) => `noted ${amount}` })
      const [one] = watch.call(() => toOpenAiTools(guard, watch.given([defined]), watch.given(context)))
      return one?.invoke(new RunContext(), argumentsOf, details())
    },
    'noted 1',
  ],
  interruptsOf: [
    async (watch) => {
      const { state } = await answered()
      return watch.call(() => interruptsOf(watch.given({ state }) as never))
    },
    [{ interrupt: { kind: 'approval_pending' } }],
  ],
  saveRun: [
    async (watch) => {
      const { state } = await answered()
      return JSON.parse(watch.call(() => saveRun(watch.given({ state }) as never)))
    },
    { v: 1 },
  ],
  restoreRun: [
    async (watch) => {
      const { agent, saved } = await answered()
      const context = { locale: 'en' }
      const { _context } = await watch.call(() => restoreRun(agent, saved, watch.given({ context }) as never))
      return { isRestored: _context.context !== undefined }
    },
    { isRestored: true },
  ],
  resumeWhenResolved: [
    async (watch) => {
      const { guard, identity, state } = await answered()
      const signal = new AbortController().signal
      const options = watch.given({ guard: { pauses: port(guard.pauses) }, identity, threadId, signal })
      const { status } = await watch.call(() => resumeWhenResolved(watch.given(state) as never, options))
      return { status }
    },
    { status: 'resolved' },
  ],
  'tool.invoke': [invoked, 'noted 1 one'],
  'tool.needsApproval': [
    async (watch) => {
      const { note: one } = guardTools({ note }, await optionsOf())
      const asked = [watch.given(contextOf()), watch.given({ amount: 1 }), 'one'] as const
      return watch.call(() => one.needsApproval(...(asked as unknown as Parameters<typeof one.needsApproval>)))
    },
    false,
  ],
}

readsInTime(entries)

coversEachEntryPoint({
  modules: [adapter],
  objects: async () => {
    const { note: guarded } = guardTools({ note }, await optionsOf())
    return { tool: { invoke: guarded.invoke, needsApproval: guarded.needsApproval } }
  },
  tables: [entries],
  exempt: [],
})
