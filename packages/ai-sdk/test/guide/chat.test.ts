import { interruptsOf, resumeWhenResolved, toAiTools } from '@behalf/ai-sdk'
import { createGuard, defineTool, memoryStore } from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { mockTarget, profileOf, signIn } from '@behalf/testing'
import { isStepCount, type ModelMessage, streamText } from 'ai'
import { convertArrayToReadableStream, MockLanguageModelV4 } from 'ai/test'
import { afterAll, expect, test } from 'vitest'
import * as z from 'zod'

const buy = defineTool({
  name: 'buy',
  description: 'Buys shares.',
  input: z.strictObject({ symbol: z.string(), quantity: z.int().positive() }),
  approval: { message: ({ input }) => `Buy ${input.quantity} shares of ${input.symbol}` },
  run: ({ quantity }) => `bought ${quantity}`,
})

let ahead = 0
const clock = { now: () => Date.now() + ahead * 1_000 }
const target = await mockTarget({ clock })
afterAll(() => target.close())
const guard = createGuard({
  authorizationServer: profileOf(target, target.clients.agent),
  agent: { name: 'agent:trader' },
  approvals: ciba(),
  store: memoryStore({ clock }),
  clock,
})

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
}
const call = {
  type: 'tool-call',
  toolCallId: 'call-1',
  toolName: 'buy',
  input: '{"symbol":"AAPL","quantity":50}',
} as const
const text = [
  { type: 'text-start', id: '1' },
  { type: 'text-delta', id: '1', delta: 'Done.' },
  { type: 'text-end', id: '1' },
] as const
const model = new MockLanguageModelV4({
  doStream: [[call], text].map((parts) => ({
    stream: convertArrayToReadableStream([
      ...parts,
      { type: 'finish', usage, finishReason: { unified: 'stop', raw: undefined } },
    ]),
  })),
})

test('the chat waits for the approval, and then goes on', async () => {
  const options = { identity: await signIn(target, { user: 'ann', clock }), threadId: 'thread-1' }
  const send = async (messages: ModelMessage[]) => {
    const result = streamText({ model, messages, ...toAiTools(guard, [buy], options), stopWhen: isStepCount(5) })
    return [...messages, ...(await result.responseMessages)]
  }
  const saved = await send([{ role: 'user', content: 'Buy 50 shares of AAPL' }])
  expect(interruptsOf(saved)).toMatchObject([{ interrupt: { message: 'Buy 50 shares of AAPL' } }])
  await target.authorizationServer.controls.approve()
  ahead += 10 // past the interval of polls
  const { messages } = await resumeWhenResolved(saved, { guard, ...options })
  expect(JSON.stringify(await send(messages))).toContain('bought 50')
})
