// Work that Mastra starts by itself: it runs in the surroundings of whichever request started the worker, or ended the task
// before it.
import { currentIdentity, detached, type Identity, policy, runAs } from '@behalf/core'
import { Agent } from '@mastra/core/agent'
import { AgentController } from '@mastra/core/agent-controller'
import type { MastraModelConfig } from '@mastra/core/llm'
import { Mastra } from '@mastra/core/mastra'
import { MockMemory } from '@mastra/core/memory'
import { createTool } from '@mastra/core/tools'
import { LibSQLStore } from '@mastra/libsql'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../src/index.ts'
import { read } from './conversation.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import { world } from './world.ts'

const Nothing = z.strictObject({})

/** A tool that tells as whom it acts, and a promise of its first calls. */
async function acting(times: number) {
  const target = await world()
  const [ann, bob] = [await target.login('ann'), await target.login('bob')]
  const [acted, errors] = [[] as string[], [] as unknown[]]
  const ended = Promise.withResolvers<void>()
  const seen = (list: unknown[], one: unknown) => {
    list.push(one)
    if (acted.length + errors.length === times) ended.resolve()
  }
  const who = createTool({
    id: 'who',
    description: 'Who acts',
    inputSchema: Nothing,
    async execute() {
      const { subject } = currentIdentity() as Identity & { readonly subject: string }
      // The other tasks come into the queue meanwhile.
      await new Promise((resolve) => setImmediate(resolve))
      seen(acted, subject)
      return subject
    },
  })
  const guard = target.guard()
  const options = { guard, policies: { who: policy(Nothing, {}) }, onError: (error: unknown) => seen(errors, error) }
  const toolsOf = (identity: Identity | (() => Identity)) => guardTools({ who }, { ...options, identity })
  return { ann, bob, acted, errors, ended: ended.promise, toolsOf }
}

const agentOf = (id: string, script: ScriptedModel, over: object) =>
  new Agent({
    id,
    name: id,
    description: id,
    instructions: 'x',
    model: script as unknown as MastraModelConfig,
    ...over,
  })

function serve(options: object): Mastra {
  const mastra = new Mastra({ storage: new LibSQLStore({ id: 'storage', url: ':memory:' }), logger: false, ...options })
  onTestFinished(() => mastra.stopWorkers())
  return mastra
}

describe('a schedule of an agent', () => {
  /** Ann makes it in her request. It fires each second. */
  async function scheduled(how: (make: () => Promise<unknown>) => Promise<unknown>) {
    const { ann, acted, errors, ended, toolsOf } = await acting(1)
    const agent = agentOf('trader', new ScriptedModel([call('c1', 'who', {})]), { tools: toolsOf(currentIdentity) })
    const mastra = serve({ agents: { agent }, scheduler: { tickIntervalMs: 20 } })
    await detached(() => mastra.startWorkers())
    const one = { agentId: 'trader', cron: '* * * * * *', prompt: 'Who am I?' } as const
    await runAs(ann, () => how(() => mastra.schedules.create(one)))
    await ended
    return { acted, errors }
  }

  test('has no identity where it is made within detached', async () => {
    const { acted, errors } = await scheduled(detached)
    expect(acted).toEqual([])
    expect(errors).toMatchObject([{ code: 'ERR_IDENTITY_REQUIRED' }])
  })

  test('acts, as all other schedules do, as the user in whose request the first one was made, as the guide warns', async () => {
    const { acted } = await scheduled((make) => make())
    expect(acted).toEqual(['ann'])
  })
})

describe('a sub-agent whose task waits in the queue of background tasks', () => {
  /** Both users' agents call it, and one task runs at a time. */
  async function actors(of: 'a function' | 'each request') {
    const { ann, bob, acted, ended, toolsOf } = await acting(2)
    const users = { ann, bob }
    const inner = (identity: Identity, name: string) =>
      agentOf('inner', new ScriptedModel([call(`inner-${name}`, 'who', {})]), {
        tools: toolsOf(of === 'a function' ? currentIdentity : () => identity),
        backgroundTasks: { disabled: true },
      })
    const outer = (name: keyof typeof users) =>
      agentOf(name, new ScriptedModel([call(name, 'agent-inner', { prompt: 'Who?' })]), {
        agents: { inner: inner(users[name], name) },
        backgroundTasks: { tools: 'all' },
      })
    const agents = { ann: outer('ann'), bob: outer('bob') }
    const mastra = serve({ agents, backgroundTasks: { enabled: true, globalConcurrency: 1 } })
    await mastra.startWorkers()
    const streams = (['ann', 'bob'] as const).map((name) =>
      runAs(users[name], async () =>
        read(await agents[name].stream('Go', { memory: { thread: `thread-${name}`, resource: name } })),
      ),
    )
    await Promise.all([...streams, ended])
    return acted.toSorted()
  }

  test('acts as its user where its tools are made for each request, with a function that returns that user', async () => {
    expect(await actors('each request')).toEqual(['ann', 'bob'])
  })

  test('acts, with an identity function, as the user of the task that ended before, as the guide warns', async () => {
    const [one, other] = await actors('a function')
    expect(other).toBe(one)
  })
})

test('the code of a tool of the AI SDK, as a background task, which Mastra does not mark, acts without a user', async () => {
  const { ann, bob, acted, errors, ended, toolsOf } = await acting(2)
  const users = { ann, bob }
  const { who } = toolsOf(currentIdentity)
  const ship = {
    description: 'Ships',
    inputSchema: Nothing,
    execute: async (_: unknown, context: unknown) => who.execute?.({}, context as never),
  }
  const agent = (name: string) =>
    agentOf(name, new ScriptedModel([call(name, 'ship', {})]), { tools: { ship }, backgroundTasks: { tools: 'all' } })
  const agents = { ann: agent('ann'), bob: agent('bob') }
  const mastra = serve({ agents, backgroundTasks: { enabled: true, globalConcurrency: 1 } })
  await mastra.startWorkers()
  const streams = (['ann', 'bob'] as const).map((name) =>
    runAs(users[name], async () =>
      read(await agents[name].stream('Go', { memory: { thread: `thread-${name}`, resource: name } })),
    ),
  )
  await Promise.all([...streams, ended])
  expect(acted).toEqual([])
  expect(errors).toMatchObject([{ code: 'ERR_CONFIGURATION' }, { code: 'ERR_CONFIGURATION' }])
})

describe('a session of an AgentController', () => {
  /** Two users and a controller, whose agent tells at each message as whom it acts. */
  async function controlled() {
    const { ann, bob, acted, toolsOf } = await acting(Number.POSITIVE_INFINITY)
    const asking = [call('c1', 'who', {})]
    const script = new ScriptedModel(asking, 'Done.', asking, 'Done.')
    const agent = agentOf('trader', script, { tools: toolsOf(currentIdentity), memory: new MockMemory() })
    const controller = new AgentController({
      id: 'controller',
      agent,
      storage: new LibSQLStore({ id: 'storage', url: ':memory:' }),
      modes: [{ id: 'trade', name: 'Trade', metadata: { default: true }, instructions: 'x' }],
    })
    await controller.init()
    const ask = async (who: Identity, resourceId: string) => {
      // Within the user's own request. A session is created once for each resource.
      await runAs(who, async () => {
        const session = await controller.createSession({ resourceId })
        await session.permissions.setForTool({ toolName: 'who', policy: 'allow' })
        await session.sendMessage({ content: 'Who am I?' })
      })
    }
    return { ann, bob, acted, ask }
  }

  test('acts as the user within whose runAs it was created, also when another user writes, as the guide warns', async () => {
    const { ann, bob, acted, ask } = await controlled()
    await ask(ann, 'room')
    await ask(bob, 'room')
    expect(acted).toEqual(['ann', 'ann'])
  })

  test('acts for its own user where each user has one', async () => {
    const { ann, bob, acted, ask } = await controlled()
    await ask(ann, 'ann')
    await ask(bob, 'bob')
    expect(acted).toEqual(['ann', 'bob'])
  })
})
