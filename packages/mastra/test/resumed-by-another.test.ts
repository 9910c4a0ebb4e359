// A run that waits, begun with tools that were made for one user, and resumed by another. Mastra goes on with the tools that
// it keeps in memory, whichever ones the resume is given, and does not tell the guard that it asked for an approval itself.
import { currentIdentity, type Identity, policy, runAs } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { Agent } from '@mastra/core/agent'
import { createDurableAgent, createEventedAgent } from '@mastra/core/agent/durable'
import type { MastraModelConfig } from '@mastra/core/llm'
import { Mastra } from '@mastra/core/mastra'
import { createTool } from '@mastra/core/tools'
import { LibSQLStore } from '@mastra/libsql'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../src/index.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import { world } from './world.ts'

const Amount = z.strictObject({ amount: z.number() })
const Nothing = z.strictObject({})

interface Stream {
  readonly runId: string
  readonly fullStream: AsyncIterable<{ readonly type: string }>
}

/** What the kinds of agents have in common here. */
interface AnyAgent {
  stream(prompt: string, options: object): Promise<Stream>
  resumeStream(data: unknown, options: object): Promise<Stream>
  approveToolCall(options: object): Promise<Stream>
}

/** An agent of each kind: how a stream of it begins, and how it goes on. */
const kinds: Readonly<Record<string, (agent: Agent) => unknown>> = {
  'an agent': (agent) => agent,
  'a durable agent': (agent) => createDurableAgent({ agent }),
  'an evented agent': (agent) => createEventedAgent({ agent }),
}

/** Reads until the run waits, or is over. */
async function untilItWaits({ fullStream }: Stream): Promise<void> {
  for await (const { type } of fullStream) if (['tool-call-suspended', 'tool-call-approval'].includes(type)) return
}

/** What a run of Ann waits for first. */
const first: Readonly<Record<string, string>> = {
  'an approval': 'pay',
  'a question that a guarded tool asks by itself': 'confirm',
  'an approval that Mastra asks for': 'look',
}

/** Ann's run waits for her approval, which she gives, or for an answer to a tool's own question. */
async function waiting(make: (agent: Agent) => unknown, on = 'pay') {
  const target = await world()
  const guard = target.guard()
  const [ann, bob] = [await target.login('ann'), await target.login('bob')]
  const acted: string[] = []
  const acting = (what: string) => {
    const { subject } = currentIdentity() as Identity & { readonly subject: string }
    acted.push(`${subject} ${what}`)
    return what
  }
  const pay = createTool({ id: 'pay', description: 'Pays', inputSchema: Amount, execute: async () => acting('paid') })
  const look = createTool({
    id: 'look',
    description: 'Looks',
    inputSchema: Nothing,
    execute: async () => acting('looked'),
  })
  /** Asks a person by itself. */
  const asking = (id: string, act: () => string) =>
    createTool({
      id,
      description: 'Asks',
      inputSchema: Amount,
      suspendSchema: z.object({ question: z.string() }),
      resumeSchema: z.object({ go: z.boolean() }),
      async execute(_, { agent }) {
        if (agent?.resumeData !== undefined) return act()
        await agent?.suspend({ question: 'Sure?' })
        return undefined
      },
    })
  const confirm = asking('confirm', () => acting('confirmed'))
  const ask = asking('ask', () => 'asked')
  const policies = {
    confirm: policy(Amount, {}),
    pay: policy(Amount, { approval: { message: ({ input }) => `Pay ${input.amount}` } }),
    look: policy(Nothing, {}),
  }
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  const own = (identity: Identity) => ({
    memory: { thread: 'thread-1', resource: 'team' },
    requireToolApproval: on === 'look',
    toolsets: { own: guardTools({ pay, look, confirm }, { guard, policies, identity, onError }), plain: { ask } },
  })
  const model = new ScriptedModel([call('c1', on, on === 'look' ? {} : { amount: 1 })], [call('c2', 'look', {})])
  const trader = make(
    new Agent({ id: 'trader', name: 'trader', instructions: 'You pay.', model: model as unknown as MastraModelConfig }),
  ) as AnyAgent
  const storage = new LibSQLStore({ id: 'storage', url: ':memory:' })
  const mastra = new Mastra({ agents: { trader: trader as never }, storage, logger: false })
  onTestFinished(() => mastra.stopWorkers())
  const begun = await runAs(ann, () => trader.stream('Pay 1', own(ann)))
  await untilItWaits(begun)
  const { controls } = target.authorizationServer
  const [asked] = await controls.pendingRequests()
  if (asked !== undefined) await controls.approve(asked.authReqId)
  target.clock.advance(10)
  const resume = async (identity: Identity, within: <Result>(fn: () => Result) => Result, data?: unknown) => {
    const options = { runId: begun.runId, toolCallId: 'c1', ...own(identity) }
    const goOn = () => (on === 'look' ? trader.approveToolCall(options) : trader.resumeStream(data, options))
    await within(async () => untilItWaits(await goOn()))
  }
  return { ann, bob, acted, errors, resume }
}

describe.each(Object.entries(kinds))('a run of %s', (kind, make) => {
  test('does nothing for the user who began it where another one resumes it within runAs, and goes on for the first', async () => {
    const { ann, bob, acted, errors, resume } = await waiting(make)
    await resume(bob, (fn) => runAs(bob, fn), { go: true })
    // A resume may bring nothing, and then looks like a first call.
    await resume(bob, (fn) => runAs(bob, fn))
    expect(acted).toEqual([])
    expect(errors).toMatchObject([{ code: 'ERR_CONFIGURATION' }, { code: 'ERR_CONFIGURATION' }])
    await resume(ann, (fn) => runAs(ann, fn))
    expect(acted).toEqual(['ann paid', 'ann looked'])
  })

  test.each(Object.entries(first))(
    verifies(
      'I1',
      'that waits for %s acts for the user who began it no more where another one resumes it within runAs',
    ),
    async (_, on) => {
      const { bob, acted, errors, resume } = await waiting(make, on)
      await resume(bob, (fn) => runAs(bob, fn), { go: true })
      expect(acted).toEqual([])
      expect(errors).toMatchObject([{ code: 'ERR_CONFIGURATION' }])
    },
  )

  test('goes on as the user who began it where it is resumed outside of runAs, as the guide warns', async () => {
    const { bob, acted, resume } = await waiting(make)
    await resume(bob, (fn) => fn())
    expect(acted[0]).toBe('ann paid')
  })

  test('that waited for a tool without a guard goes on with the tools of the user who resumes it, or with none', async () => {
    const { bob, acted, errors, resume } = await waiting(make, 'ask')
    await resume(bob, (fn) => runAs(bob, fn), { go: true })
    expect([acted, errors.length]).toEqual(kind === 'an agent' ? [['bob looked'], 0] : [[], 1])
  })
})
