// A middleware that runs a call again after its tool threw: in doubt means not again, wherever there is a store.
import { HadNoEffect, policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { tool } from '@langchain/core/tools'
import { createMiddleware } from 'langchain'
import { describe, expect, test } from 'vitest'
import { guardTools } from '../src/index.ts'
import { agentWith, call } from './agent.ts'
import { toolTexts } from './counted-tools.ts'
import { Amount, verified, world } from './world.ts'

const rules = { note: policy(Amount, { effect: 'write' }), look: policy(Amount, {}) }

/** Calls again what did not succeed, as a retry middleware does, which is told of it by the message's status. */
const retries = createMiddleware({
  name: 'retries',
  async wrapToolCall(request, handler) {
    for (let times = 0; ; times++) {
      const answer = await handler(request)
      if (times === 3 || !('status' in answer) || answer.status !== 'error') return answer
    }
  },
})

async function retried(name: keyof typeof rules, checkpointer: object, thrown: () => unknown) {
  let ran = 0
  const note = tool(
    () => {
      ran++
      throw thrown()
    },
    { name, description: 'Notes', schema: Amount },
  )
  const tools = guardTools([note], { guard: world().guard(), policies: rules })
  const run = agentWith(tools, [[call('a', name, { amount: 1 })]], { middleware: [retries], ...checkpointer })
  const { messages } = await run.ask({ identity: await verified() })
  return { ran, texts: toolTexts(messages) }
}

for (const [title, checkpointer] of Object.entries({
  'with a checkpointer': {},
  'without one': { checkpointer: false },
})) {
  describe(title, () => {
    test('a write that threw is in doubt, and runs once', async () => {
      const { ran, texts } = await retried('note', checkpointer, () => new Error('lost'))
      expect(ran).toBe(1)
      expect(texts.join()).toMatch(/not known/)
    })

    test('a write that had no effect runs again, three times at most', async () => {
      const { ran } = await retried('note', checkpointer, () => new HadNoEffect(new Error('lost')))
      expect(ran).toBeGreaterThan(1)
      expect(ran).toBeLessThanOrEqual(4)
    })

    test('a read runs each time', async () => {
      const { ran } = await retried('look', checkpointer, () => new Error('lost'))
      expect(ran).toBe(4)
    })
  })
}

test('a write that is invoked again outside of a graph, without a thread, is not done again while it is in doubt', async () => {
  let ran = 0
  const note = tool(
    () => {
      ran++
      throw new Error('lost')
    },
    { name: 'note', description: 'Notes', schema: Amount },
  )
  const [guarded] = guardTools([note], { guard: world().guard(), policies: rules, identity: await verified() })
  await expect(guarded.invoke({ amount: 1 })).rejects.toMatchObject({ code: 'tool_failed' })
  await expect(guarded.invoke({ amount: 1 })).rejects.toMatchObject({ code: 'unknown_outcome' })
  expect(ran).toBe(1)
})

test.each([
  ['a function', () => async () => 'noted'],
  [
    'a generator',
    () =>
      async function* () {
        yield 'noting'
        return 'noted'
      },
  ],
])(
  verifies('A13', 'a write whose result LangChain does not take is in doubt, and runs once: as %s'),
  async (_name, make) => {
    let ran = 0
    const body = make()
    const options = {
      name: 'note',
      description: 'Notes',
      schema: Amount,
      responseFormat: 'content_and_artifact',
    } as const
    const note = tool(() => {
      ran++
      return body() as never
    }, options)
    const errors: unknown[] = []
    const onError = (error: unknown) => void errors.push(error)
    const tools = guardTools([note], { guard: world().guard(), policies: rules, onError })
    const run = agentWith(tools, [[call('a', 'note', { amount: 1 })], [call('b', 'note', { amount: 1 })]])
    const { messages } = await run.ask({ identity: await verified() })
    expect(ran).toBe(1)
    expect(toolTexts(messages)[0]).toContain('What it did before it failed is not known.')
    expect(errors).toEqual([expect.any(TypeError)])
  },
)
