// What `late-reads` of core holds: an entry point reads the app's objects before its first wait.
import { defineTool, policy } from '@behalf/core'
import { coversEachEntryPoint, type Entries, port, readsInTime, type Watch } from '@behalf/testing/late-reads'
import { asSchema, generateText, type ModelMessage, tool } from 'ai'
import { expect, test } from 'vitest'
import * as z from 'zod'
import * as aiSdk from '../src/index.ts'
import { approvalStatus, guardTools, interruptsOf, resumeWhenResolved, toAiTools } from '../src/index.ts'
import { call, scripted } from './scripted-model.ts'
import { user } from './turn.ts'
import { world } from './world.ts'

const Amount = z.strictObject({ amount: z.number() })
const note = tool({ inputSchema: Amount, execute: async ({ amount }) => `noted ${amount}` })
const policies = {
  note: policy(Amount, { effect: 'write' }),
  pay: policy(Amount, { approval: { message: () => 'Pay' } }),
}

async function optionsOf() {
  const target = await world()
  const guard = port(target.guard())
  return { guard, policies: { ...policies }, identity: await target.login(), threadId: 'thread', onError: () => {} }
}

const execution = () => ({ toolCallId: 'one', messages: [user('Go')], context: { a: 1 } })

/** A conversation that waits for an answer, which is there. */
async function answered() {
  const target = await world()
  const guard = target.guard()
  const identity = await target.login()
  const pay = tool({ inputSchema: Amount, execute: async () => 'paid' })
  const model = scripted([call('one', 'pay', { amount: 1 })])
  const context = { guard, policies, identity, threadId: 'thread' }
  const result = await generateText({ model, messages: [user('Pay')], ...guardTools({ pay }, context) })
  const [asked] = await target.authorizationServer.controls.pendingRequests('ann')
  await target.authorizationServer.controls.approve(asked?.authReqId ?? '')
  target.clock.advance(10)
  const messages: ModelMessage[] = [user('Pay'), ...structuredClone(result.responseMessages)]
  return { ...context, pay, messages }
}

/** The call of a conversation that was answered: the guard compares what the messages hold. */
async function goneOn(watch: Watch, streaming: readonly 'pay'[] = []) {
  const { pay, messages, guard, identity } = await answered()
  const { messages: resumed } = await resumeWhenResolved(messages, { guard, identity, threadId: 'thread' })
  const { tools } = guardTools({ pay }, { guard, policies, identity, threadId: 'thread', streaming })
  const given = watch.given({ toolCallId: 'one', messages: structuredClone(resumed), context: {} })
  return endOf(watch.call(() => tools.pay.execute?.(watch.given({ amount: 1 }), given)))
}

const entries: Entries = {
  guardTools: [
    async (watch) => {
      const options = { ...(await optionsOf()), streaming: [] }
      const { tools } = watch.call(() => guardTools(watch.given({ note: { ...note } }), watch.given(options)))
      return tools.note.execute?.({ amount: 1 }, execution())
    },
    'noted 1',
  ],
  toAiTools: [
    async (watch) => {
      const { guard, policies: _, ...context } = await optionsOf()
      const definition = { name: 'note', description: 'Notes', input: Amount, effect: 'write' } as const
      const defined = defineTool({ ...definition, run: ({ amount }) => `noted ${amount}` })
      const { tools } = watch.call(() => toAiTools(guard, watch.given([defined]), watch.given(context)))
      return tools.note.execute?.({ amount: 1 }, execution())
    },
    'noted 1',
  ],
  interruptsOf: [
    async (watch) => {
      const { messages } = await answered()
      return watch.call(() => interruptsOf(watch.given(messages)))
    },
    [{ interrupt: { kind: 'approval_pending' } }],
  ],
  approvalStatus: [
    async (watch) => {
      const { messages, guard, identity } = await answered()
      const options = { guard: { approvals: port(guard.approvals) }, identityOf: () => identity }
      const route = watch.call(() => approvalStatus(watch.given(options)))
      const [waiting] = interruptsOf(messages)
      return (await route(new Request(`https://app.example/api/approvals/${waiting?.interrupt.id}`))).json()
    },
    { resolved: true, approved: true },
  ],
  resumeWhenResolved: [
    async (watch) => {
      const { messages, guard, identity } = await answered()
      const { signal } = new AbortController()
      const options = watch.given({ guard: { pauses: port(guard.pauses) }, identity, threadId: 'thread', signal })
      return watch.call(() => resumeWhenResolved(watch.given(messages), options))
    },
    {
      status: 'resolved',
      messages: [{ role: 'user' }, { role: 'assistant' }, { role: 'tool', content: [{ approved: true }] }],
    },
  ],
  'tool.execute': [
    async (watch) => {
      const { tools } = guardTools({ note }, await optionsOf())
      return watch.call(() => tools.note.execute?.(watch.given({ amount: 1 }), watch.given(execution())))
    },
    'noted 1',
  ],
  'tool.execute of a call that was answered': [(watch) => goneOn(watch), 'paid'],
  'tool.execute that streams': [(watch) => goneOn(watch, ['pay']), 'paid'],
  'toolApproval.note': [
    async (watch) => {
      const { toolApproval } = guardTools({ note }, await optionsOf())
      return watch.call(() => toolApproval.note(watch.given({ amount: 'one' }), watch.given(execution())))
    },
    { type: 'denied' },
  ],
}

readsInTime(entries)

test.each([
  ['gives its result at once', []],
  ['streams', ['note']],
] as const)(
  'a call that the AI SDK parsed, of a tool that %s, runs with the arguments as they came',
  async (_, streaming) => {
    const { tools } = guardTools({ note }, { ...(await optionsOf()), streaming })
    const parsed = await asSchema(tools.note.inputSchema).validate?.({ amount: 1 })
    if (parsed?.success !== true) throw new Error('the schema took no amount')
    const result = tools.note.execute?.(parsed.value, execution())
    parsed.value.amount = 1000
    expect(await endOf(await result)).toBe('noted 1')
  },
)

coversEachEntryPoint({
  modules: [aiSdk],
  objects: async () => {
    const { tools, toolApproval } = guardTools({ note }, await optionsOf())
    return { tool: { execute: tools.note.execute }, toolApproval }
  },
  tables: [entries],
  exempt: ['parseInterrupt'],
})

/** What a call gives in the end. */
async function endOf(result: unknown): Promise<unknown> {
  if (typeof result !== 'object' || result === null || !(Symbol.asyncIterator in result)) return result
  let last: unknown
  for await (const value of result as AsyncIterable<unknown>) last = value
  return last
}
