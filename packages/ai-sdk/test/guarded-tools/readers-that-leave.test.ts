import { policy } from '@behalf/core'
import { tool } from 'ai'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../../src/index.ts'
import { world } from '../world.ts'

const Nothing = z.strictObject({})

test('what a generator throws when its reader leaves is one fixed error, and the original goes to the app', async () => {
  const target = await world()
  const errors: unknown[] = []
  const from = {
    count: tool({
      inputSchema: Nothing,
      async *execute() {
        try {
          for (;;) yield 'reading'
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: it is what a body does whose clean-up fails.
          throw new Error('postgres://admin:hunter2@db.internal')
        }
      },
    }),
  }
  const { tools: guarded } = guardTools(from, {
    guard: target.guard(),
    policies: { count: policy(Nothing, {}) },
    identity: await target.login(),
    threadId: 't',
    onError: (error) => errors.push(error),
  })
  const read = async () => {
    const flow = guarded.count.execute?.({}, { toolCallId: 'c', messages: [], context: {} }) as AsyncIterable<string>
    for await (const _ of flow) break
  }
  await expect(read()).rejects.toMatchObject({ code: 'tool_failed' })
  expect(errors.map(String)).toEqual(['Error: postgres://admin:hunter2@db.internal'])
})
