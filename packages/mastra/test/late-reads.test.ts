// What `late-reads` of core holds: an entry point reads the app's objects before its first wait.
import { defineTool, policy } from '@behalf/core'
import { coversEachEntryPoint, type Entries, port, readsInTime, type Watch } from '@behalf/testing/late-reads'
import { RequestContext } from '@mastra/core/request-context'
import { createTool } from '@mastra/core/tools'
import * as z from 'zod'
import * as mastra from '../src/index.ts'
import { guardTools, interruptsOf, resumeWhenResolved, toMastraTools } from '../src/index.ts'
import { world } from './world.ts'

const Amount = z.strictObject({ amount: z.number() })
const note = createTool({
  id: 'note',
  description: 'Notes',
  inputSchema: Amount,
  execute: async ({ amount }, { agent, workflow }) => `noted ${amount} ${agent?.toolCallId ?? workflow?.runId}`,
})
const pay = createTool({ id: 'pay', description: 'Pays', inputSchema: Amount, execute: async () => 'paid' })
const policies = {
  note: policy(Amount, { effect: 'write' }),
  pay: policy(Amount, { approval: { message: () => 'Pay' } }),
}

async function optionsOf() {
  const target = await world()
  const guard = port(target.guard())
  return { guard, policies: { ...policies }, identity: await target.login(), onError: () => {} }
}

const agent = { toolCallId: 'one', threadId: 'thread', messages: [{ role: 'user' }] }
const writer = { name: 'note' }

/** A call of a tool under these surroundings. */
const executed = (surroundings: object) => async (watch: Watch) => {
  const tools = guardTools({ note }, await optionsOf())
  return watch.call(() => tools.note.execute?.(watch.given({ amount: 1 }), watch.given(surroundings) as never))
}

/** What a call was suspended with, and a list of runs that holds it. The answer is there. */
async function answered() {
  const target = await world()
  const guard = target.guard()
  const identity = await target.login()
  const tools = guardTools({ pay }, { guard, policies, identity })
  const payloads: object[] = []
  const suspend = async (payload: object) => void payloads.push(payload)
  await tools.pay.execute?.({ amount: 1 }, {
    agent: { ...agent, suspend },
    writer: { name: 'pay' },
    runId: 'run',
  } as never)
  const [asked] = await target.authorizationServer.controls.pendingRequests('ann')
  await target.authorizationServer.controls.approve(asked?.authReqId ?? '')
  target.clock.advance(10)
  const toolCalls = payloads.map((payload) => ({ toolCallId: 'one', suspendPayload: structuredClone(payload) }))
  return { guard, identity, suspended: { runs: [{ runId: 'run', toolCalls }] } }
}

/** The same in a workflow's step. */
async function suspendedStep() {
  const target = await world()
  const guard = target.guard()
  const tools = guardTools({ pay }, { guard, policies, identity: undefined })
  const payloads: object[] = []
  const suspend = async (payload: object) => void payloads.push(payload)
  const workflow = { runId: 'run', suspend, state: {}, setState: () => {} }
  const around = { workflow, requestContext: undefined, abortSignal: undefined }
  await tools.pay.execute?.({ amount: 1 }, around as never)
  const steps = { pay: { suspendPayload: structuredClone(payloads[0]) } }
  return {
    guard,
    identity: await target.login(),
    end: { status: 'suspended', runId: 'run', suspended: [['pay']], steps },
  }
}

const entries: Entries = {
  guardTools: [
    async (watch) => {
      const options = watch.given(await optionsOf())
      const tools = watch.call(() => guardTools(watch.given({ note }), options))
      return tools.note.execute?.({ amount: 1 }, { agent, runId: 'run', writer } as never)
    },
    'noted 1 one',
  ],
  toMastraTools: [
    async (watch) => {
      const { guard, policies: _, ...context } = await optionsOf()
      const definition = { name: 'note', description: 'Notes', input: Amount, effect: 'write' } as const
      const defined = defineTool({ ...definition, run: ({ amount }) => `noted ${amount}` })
      const tools = watch.call(() => toMastraTools(guard, watch.given([defined]), watch.given(context)))
      return tools.note.execute?.({ amount: 1 }, {} as never)
    },
    'noted 1',
  ],
  interruptsOf: [
    async (watch) => {
      const { suspended } = await answered()
      return watch.call(() => interruptsOf(watch.given(suspended)))
    },
    [{ interrupt: { kind: 'approval_pending' } }],
  ],
  'resumeWhenResolved of an agent': [
    async (watch) => {
      const { guard, identity, suspended } = await answered()
      const options = { guard: { pauses: port(guard.pauses) }, identity, signal: new AbortController().signal }
      return watch.call(() => resumeWhenResolved(watch.given(suspended), watch.given(options)))
    },
    { status: 'resolved', resumptions: [{ runId: 'run', toolCallId: 'one' }] },
  ],
  resumeWhenResolved: [
    async (watch) => {
      const { guard, identity, end } = await suspendedStep()
      const options = watch.given({ guard: { pauses: port(guard.pauses) }, identity })
      return watch.call(() => resumeWhenResolved(watch.given(end) as never, options))
    },
    { status: 'resolved', resumptions: [{ step: ['pay'] }] },
  ],
  'tool.execute': [executed({ agent, runId: 'run', writer, requestContext: new RequestContext() }), 'noted 1 one'],
  'tool.execute of a call that goes on': [
    executed({ agent: { ...agent, resumeData: { answer: true }, suspendPayload: { a: 1 } }, runId: 'run', writer }),
    'noted 1 one',
  ],
  'tool.execute of a step': [
    executed({ workflow: { runId: 'run', state: { a: 1 }, setState: () => {} }, requestContext: new RequestContext() }),
    'noted 1 run',
  ],
  "tool.execute of the code of a step of the app's own": [
    executed({
      runId: 'run',
      workflowId: 'flow',
      inputData: { a: { b: 1 } },
      getStepResult: () => {},
      writer: { name: 's' },
    }),
    'noted 1 run',
  ],
}

readsInTime(entries)

coversEachEntryPoint({
  modules: [mastra],
  objects: async () => {
    const { note: guarded } = guardTools({ note }, await optionsOf())
    return { tool: { execute: guarded.execute } }
  },
  tables: [entries],
  exempt: ['parseInterrupt'],
})
