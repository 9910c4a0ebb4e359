import { policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { generateText, isStepCount, type ModelMessage, tool } from 'ai'
import type { MockLanguageModelV4 } from 'ai/test'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../../src/index.ts'
import { answering, call } from '../scripted-model.ts'
import { world } from '../world.ts'

const Amount = z.strictObject({ amount: z.number() })

/** A time limit that no other timer has, in milliseconds. */
const LIMIT = 4_321

/** A chat of turns, whose tool pays when the time limit of its first call has passed. */
async function chat() {
  const limit = new AbortController()
  const { timeout } = AbortSignal
  const timers = vi.spyOn(AbortSignal, 'timeout')
  timers.mockImplementation((ms) => (ms === LIMIT ? limit.signal : timeout.call(AbortSignal, ms)))
  onTestFinished(() => timers.mockRestore())
  const app = await world()
  const [guard, identity] = [app.guard(), await app.login()]
  let paid = 0
  const execute = async () => {
    limit.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
    paid++
    return `receipt ${paid}`
  }
  const tools = { pay: tool({ inputSchema: Amount, execute }) }
  const policies = { pay: policy(Amount, { effect: 'write' }) }
  const messages: ModelMessage[] = []
  const say = async (text: string, model: MockLanguageModelV4, isLimited = false) => {
    messages.push({ role: 'user', content: text })
    const guarded = guardTools(tools, { guard, identity, threadId: 't', policies })
    const turn = await generateText({
      model,
      messages,
      ...guarded,
      stopWhen: isStepCount(5),
      ...(isLimited && { timeout: { toolMs: LIMIT } }),
    })
    messages.push(...turn.responseMessages)
    const read = model.doGenerateCalls.at(-1)?.prompt ?? []
    return JSON.stringify(read.filter(({ role }) => role === 'tool').at(-1))
  }
  return { say, paid: () => paid }
}

const pays = (id: string) => call(id, 'pay', { amount: 5 })

describe('a call that takes longer than its time limit (`timeout.toolMs`)', () => {
  test(
    verifies('A13', 'does not give its late result to the model, which reads how it gets it, and gets it once'),
    async () => {
      const { say, paid } = await chat()
      const late = await say('Pay 5', answering([[pays('call-1')], 'It takes long.']), true)
      expect(late).toContain('The same call, made again, does not repeat the action without the user')
      expect(late).not.toContain('receipt')
      expect(await say('And?', answering([[pays('call-2')], 'Paid.']))).toContain('receipt 1')
      expect(paid()).toBe(1)
      expect(await say('5 more', answering([[pays('call-3')], 'Paid.']))).toContain('receipt 2')
      expect(paid()).toBe(2)
    },
  )
})
