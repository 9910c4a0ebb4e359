import { currentCall, currentIdentity, type Identity, type Policy, policy, resource } from '@behalf/core'
import { roleMap } from '@behalf/core/roles'
import { generateText, isStepCount, streamText, type ToolSet, tool } from 'ai'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, ToolAuthorizationError } from '../../src/index.ts'
import { answering, call, type Step } from '../scripted-model.ts'
import { user } from '../turn.ts'
import { type World, world } from '../world.ts'

// frameworks.md, section 1: `executeTool` looks for an async iterable at once, and a context that a generator was
// begun in is gone at its next step.

const Nothing = z.strictObject({})
const reads = policy(Nothing, {})
const writes = policy(Nothing, { effect: 'write' })
const trades = policy(Nothing, {
  access: { trade: resource('https://api.stocktrade.example/', { scopes: ['trade:small'] }) },
})
const subject = () => {
  const identity = currentIdentity()
  return identity.kind === 'user' ? identity.subject : 'no user'
}
const tools = {
  count: tool({
    inputSchema: Nothing,
    async *execute() {
      for (const step of ['one', 'two', 'three']) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        yield `${step} for ${subject()}`
      }
    },
  }),
  plain: tool({ inputSchema: Nothing, execute: async () => `plain for ${subject()}` }),
  late: tool({
    inputSchema: Nothing,
    execute: async () =>
      (async function* () {
        yield 'early'
        await Promise.resolve()
        yield `late for ${subject()}`
      })() as unknown as string,
  }),
  breaks: tool({
    inputSchema: Nothing,
    async *execute() {
      yield 'going well'
      throw new Error('secret-of-the-body')
    },
  }),
}
const policies = { count: reads, plain: reads, late: reads, breaks: reads }

interface Run {
  readonly target: World
  readonly identity?: Identity
  readonly from?: ToolSet
  readonly rules?: Record<keyof typeof tools, Policy<Record<string, never>>>
  readonly steps?: readonly Step[]
  readonly streaming?: readonly string[]
  readonly signal?: AbortSignal
}

/** A streamed turn, and all that came of its calls. */
async function run(name: string, { target, identity, from = tools, rules = policies, streaming, signal, steps }: Run) {
  const model = answering(steps ?? [[call('call-1', name, {})]])
  const errors: unknown[] = []
  const result = streamText({
    model,
    messages: [user('Go')],
    ...guardTools(from, {
      guard: target.guard(),
      policies: rules,
      identity,
      threadId: 'thread-1',
      onError: (error) => errors.push(error),
      ...(streaming !== undefined && { streaming }),
    }),
    stopWhen: isStepCount(2),
    onError: () => {},
    ...(signal !== undefined && { abortSignal: signal }),
  })
  const preliminary: unknown[] = []
  const final: unknown[] = []
  for await (const part of result.stream) {
    if (part.type === 'tool-error') final.push(String(part.error))
    if (part.type === 'tool-result') (part.preliminary === true ? preliminary : final).push(part.output)
  }
  const saw = JSON.stringify(model.doStreamCalls.map(({ prompt }) => prompt))
  return { preliminary, final, errors, saw }
}

test('a generator keeps streaming, each step as its user, two users at once', async () => {
  const target = await world()
  const users = ['ann', 'bob', 'ann', 'bob'] as const
  const identities = { ann: await target.login('ann'), bob: await target.login('bob') }
  const runs = await Promise.all(users.map((name) => run('count', { target, identity: identities[name] })))
  for (const [index, { preliminary, final, saw }] of runs.entries()) {
    const name = users[index]
    expect(preliminary).toEqual([`one for ${name}`, `two for ${name}`, `three for ${name}`])
    expect(final).toEqual([`three for ${name}`])
    expect(saw).toContain(`three for ${name}`)
  }
})

test('a plain tool gives no preliminary results', async () => {
  const target = await world()
  const { preliminary, final } = await run('plain', { target, identity: await target.login() })
  expect([preliminary, final]).toEqual([[], ['plain for ann']])
})

test('of a promised iterable the last value counts, and all of it runs in the call', async () => {
  const target = await world()
  const { preliminary, final } = await run('late', { target, identity: await target.login() })
  expect([preliminary, final]).toEqual([[], ['late for ann']])
})

test('named as streaming, a function that returns an iterable streams', async () => {
  const target = await world()
  const { preliminary, final } = await run('late', { target, identity: await target.login(), streaming: ['late'] })
  expect(preliminary).toEqual(['early', 'late for ann'])
  expect(final).toEqual(['late for ann'])
})

test('named as streaming, a plain function still gives its result', async () => {
  const target = await world()
  const { final } = await run('plain', { target, identity: await target.login(), streaming: ['plain'] })
  expect(final).toEqual(['plain for ann'])
})

test('each value goes out whole, though its end might be the beginning of a token', async () => {
  const target = await world()
  const from = {
    ...tools,
    count: tool({
      inputSchema: Nothing,
      async *execute() {
        const { access } = currentCall(trades)
        yield 'here is the price'
        yield `and the token: ${await access.trade.withToken((token) => token)}`
        yield 'all done, take care'
      },
    }),
  }
  const rules = { ...policies, count: trades }
  const { preliminary, final } = await run('count', { target, identity: await target.login(), from, rules })
  expect(preliminary).toEqual(['here is the price', 'and the token: [token]', 'all done, take care'])
  expect(final).toEqual(['all done, take care'])
})

test('a refused generator runs no step', async () => {
  const target = await world()
  const none = policy(Nothing, { roles: ['an-unknown-role'] })
  const { tools: guarded } = guardTools(
    { count: tools.count },
    {
      guard: target.guard({ roles: roleMap({ claim: 'roles', scopes: { trader: ['trade:write'] } }) }),
      policies: { count: none },
      identity: await target.login(),
      threadId: 't',
    },
  )
  const flow = guarded.count.execute?.({}, { toolCallId: 'c', messages: [], context: {} }) as AsyncIterable<string>
  const seen: string[] = []
  const reading = (async () => {
    for await (const value of flow) seen.push(value)
  })()
  await expect(reading).rejects.toSatisfy(ToolAuthorizationError.isInstance)
  expect(seen).toEqual([])
})

test('what a generator throws on its way stays with the app', async () => {
  const target = await world()
  const { preliminary, final, errors, saw } = await run('breaks', { target, identity: await target.login() })
  expect(preliminary).toEqual(['going well'])
  expect(final).toEqual([`ToolAuthorizationError: This tool failed. What it did before it failed is not known.`])
  expect(errors.map(String)).toEqual(['Error: secret-of-the-body'])
  expect(saw).not.toContain('secret')
})

test('a generator that writes runs once: a replay is told what it ended with', async () => {
  const target = await world()
  const identity = await target.login()
  let runs = 0
  const from = {
    ...tools,
    count: tool({
      inputSchema: Nothing,
      async *execute() {
        runs += 1
        yield 'paying'
        yield { paid: 50 }
      },
    }),
  }
  const rules = { ...policies, count: writes }
  const first = await run('count', { target, identity, from, rules })
  const again = await run('count', { target, identity, from, rules })
  expect(first.preliminary).toEqual(['paying', { paid: 50 }])
  expect([first.final, again.final]).toEqual([[{ paid: 50 }], [{ paid: 50 }]])
  expect(runs).toBe(1)
})

test('a generator that writes and is broken off is not run again', async () => {
  const target = await world()
  const identity = await target.login()
  const controller = new AbortController()
  let runs = 0
  let closed = 0
  const from = {
    ...tools,
    count: tool({
      inputSchema: Nothing,
      async *execute(_, { abortSignal }) {
        runs += 1
        try {
          yield 'paying'
          controller.abort(new DOMException('enough', 'AbortError'))
          abortSignal?.throwIfAborted()
          yield 'paid'
        } finally {
          closed += 1
        }
      },
    }),
  }
  const rules = { ...policies, count: writes }
  await run('count', { target, identity, from, rules, signal: controller.signal }).catch(() => {})
  expect([runs, closed]).toEqual([1, 1])
  const again = await run('count', { target, identity, from, rules })
  expect(again.saw).toContain('This action was started before and its result is not known. It was not done again.')
  expect(runs).toBe(1)
})

test("a reader that leaves ends the tool's own generator, and its credentials", async () => {
  const target = await world()
  let closed = 0
  const from = {
    count: tool({
      inputSchema: Nothing,
      async *execute() {
        try {
          for (;;) yield 'paying'
        } finally {
          closed += 1
        }
      },
    }),
  }
  const { tools: guarded } = guardTools(from, {
    guard: target.guard(),
    policies: { count: writes },
    identity: await target.login(),
    threadId: 't',
  })
  const flow = () =>
    guarded.count.execute?.({}, { toolCallId: 'c', messages: [], context: {} }) as AsyncIterable<string>
  for await (const _ of flow()) break
  expect(closed).toBe(1)
  await expect(flow()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'unknown_outcome' })
})

test('generateText takes the last value', async () => {
  const target = await world()
  const result = await generateText({
    model: answering([[call('call-1', 'count', {})]]),
    messages: [user('Go')],
    ...guardTools(tools, { guard: target.guard(), policies, identity: await target.login(), threadId: 't' }),
  })
  expect(result.toolResults.map(({ output }) => output)).toEqual(['three for ann'])
})
