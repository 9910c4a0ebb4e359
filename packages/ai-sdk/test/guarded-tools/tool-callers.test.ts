// The AI SDK puts another tool in the place of one that calls or finds tools by its code: the guard would be left out.

import { policy } from '@behalf/core'
import { buy } from '@behalf/testing/contract'
import { experimental_toolCaller, generateText, isStepCount, type ToolSet, tool, toolSearch } from 'ai'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../../src/index.ts'
import { call, scripted, seenBy } from '../scripted-model.ts'
import { makeTools, policies, world } from '../world.ts'

const Code = z.strictObject({ quantity: z.number() })

/** A tool whose code calls the tools that it is allowed to call. */
function codeTool(ran: string[]) {
  const bind = (tools: ToolSet) =>
    tool({
      description: 'Runs code',
      inputSchema: Code,
      execute: async ({ quantity }, execution) => {
        ran.push('code')
        return tools.create_order?.execute?.(buy(quantity), execution as never)
      },
    })
  return experimental_toolCaller(bind({}), { type: 'local', bind })
}

const callers = { create_order: ['code'] } as never

test('a tool that calls tools by its code is refused, and so is one that finds tools', async () => {
  const target = await world()
  const rules = { code: policy(Code, {}) }
  const guard = (one: object) =>
    guardTools({ code: one } as never, {
      guard: target.guard(),
      policies: rules as never,
      identity: undefined,
      threadId: 'thread-1',
    })
  expect(() => guard(codeTool([]))).toThrow('guardTools.tools.code.experimental_toolCaller')
  const plain = tool({ description: 'Finds', inputSchema: Code, execute: async () => [] })
  expect(() => guard(toolSearch())).toThrow('guardTools.tools.code.vercel.ai.toolSearch')
  expect(() => guard(plain)).not.toThrow()
})

test('beside the guarded tools it calls them behind their guard, each call once', async () => {
  const target = await world()
  const identity = await target.login()
  const ran: string[] = []
  const { tools, toolApproval } = guardTools(makeTools(), {
    guard: target.guard(),
    policies,
    identity,
    threadId: 'thread-1',
  })
  const model = scripted([call('1', 'code', { quantity: 5 }), call('2', 'code', { quantity: 50 })], 'Done.')
  await generateText({
    model,
    prompt: 'Go',
    tools: { ...tools, code: codeTool(ran) },
    toolApproval,
    experimental_toolCallers: callers,
    stopWhen: isStepCount(3),
  })
  expect([ran, await target.orders()]).toEqual([['code', 'code'], 1])
  expect(seenBy(model)).toContain('approv')
})
