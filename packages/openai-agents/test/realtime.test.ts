// A session of a realtime agent, with a transport that sends what a model would.
import { EventEmitter } from 'node:events'
import { policy, publicTool } from '@behalf/core'
import { tool } from '@openai/agents'
import { RealtimeAgent, RealtimeSession, type RealtimeSessionOptions } from '@openai/agents/realtime'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../src/index.ts'
import { world } from './world.ts'

type Transport = Extract<RealtimeSessionOptions<unknown>['transport'], object>

/** Stands in for the connection to a realtime model. */
class ScriptedTransport extends EventEmitter {
  status = 'connected'
  muted = null
  readonly outputs: string[] = []
  connect = async () => {}
  sendEvent() {}
  sendMessage() {}
  addImage() {}
  sendAudio() {}
  updateSessionConfig() {}
  close() {}
  mute() {}
  interrupt() {}
  resetHistory() {}
  sendMcpResponse() {}
  sendFunctionCallOutput(_: unknown, output: string) {
    this.outputs.push(output)
  }
}

test('a call in a session of a realtime agent runs nothing and asks no person, and the app learns why', async () => {
  const target = await world()
  const done: number[] = []
  const errors: unknown[] = []
  const Amount = z.object({ amount: z.number() })
  const execute = async ({ amount }: z.infer<typeof Amount>) => {
    done.push(amount)
    return 'ran'
  }
  const parts = { description: 'x', parameters: Amount, errorFunction: null, execute }
  const tools = guardTools(
    { pay: tool({ name: 'pay', ...parts }), look: tool({ name: 'look', ...parts }) },
    {
      guard: target.guard(),
      identity: await target.login(),
      threadId: 'thread-1',
      policies: { pay: policy(Amount, { approval: { message: () => 'Pay' } }), look: publicTool(Amount) },
      onError: (error) => void errors.push(error),
    },
  )
  const transport = new ScriptedTransport()
  const session = new RealtimeSession(new RealtimeAgent({ name: 'voice', tools: Object.values(tools) }), {
    transport: transport as unknown as Transport,
  })
  await session.connect({ apiKey: 'not-a-key' })
  const item = { itemId: 'i-1', type: 'message', role: 'user', status: 'completed', content: [] }
  transport.emit('item_update', item)
  for (const [index, name] of ['pay', 'look'].entries()) {
    const call = {
      type: 'function_call',
      responseId: `r-${index}`,
      id: `f-${index}`,
      callId: `call-${index}`,
      name,
      arguments: '{"amount":50}',
    }
    transport.emit('function_call', { ...call, status: 'completed' })
    await expect.poll(() => transport.outputs.length).toBe(index + 1)
  }
  expect(transport.outputs).toEqual([
    expect.stringContaining('This tool is not set up correctly.'),
    expect.stringContaining('This tool is not set up correctly.'),
  ])
  expect([done, await target.authorizationServer.controls.pendingRequests('ann')]).toEqual([[], []])
  expect(errors.map(String)).toEqual([
    expect.stringContaining('guardTools.tools.pay: is in a session of a realtime agent'),
    expect.stringContaining('guardTools.tools.look: is in a session of a realtime agent'),
  ])
})
