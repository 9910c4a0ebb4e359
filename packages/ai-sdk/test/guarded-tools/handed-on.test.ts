// Code of a tool without a guard that calls a guarded tool, and hands on all, a copy or a part of what the AI SDK handed to it.
import { policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { generateText, isStepCount, type ModelMessage, type ToolExecutionOptions, tool } from 'ai'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../../src/index.ts'
import { answering, call } from '../scripted-model.ts'
import { user } from '../turn.ts'
import { world } from '../world.ts'

const Amount = z.strictObject({ amount: z.number() })
const Nothing = z.strictObject({})

type Options = ToolExecutionOptions<unknown>
type Way = (options: Options) => Options

/** What code may hand on, from which a call is told from an equal one. */
const told: Readonly<Record<string, Way>> = {
  all: (options) => options,
  'a copy': (options) => ({ ...options }),
  'all, with a signal of its own': (options) => ({ ...options, abortSignal: AbortSignal.timeout(5000) }),
  'all, with ids of its own': (options) => ({ ...options, toolCallId: crypto.randomUUID(), messages: [] }),
}

/** Messages of its own, and the id of the call that it is for. */
const untold: Readonly<Record<string, (messages: readonly ModelMessage[]) => ModelMessage[]>> = {
  'a copy of the messages': (messages) => [...messages],
  'a deep copy of the messages': (messages) => structuredClone([...messages]),
  'more messages': (messages) => [...messages, user('And then?')],
  'the last message': (messages) => messages.slice(-1),
  'no messages': () => [],
}

/** Code that notes twice, in one turn. */
async function noted(way: Way) {
  const target = await world()
  const [guard, identity] = [target.guard(), await target.login()]
  let ran = 0
  const errors: unknown[] = []
  const note = tool({ inputSchema: Amount, execute: async () => `noted ${++ran}` })
  const policies = { note: policy(Amount, { effect: 'write' }) }
  const onError = (error: unknown) => void errors.push(error)
  const { tools, toolApproval } = guardTools({ note }, { guard, policies, identity, threadId: 'thread-1', onError })
  const results: unknown[] = []
  const twice = tool({
    inputSchema: Nothing,
    async execute(_, options) {
      for (const _ of [1, 2]) {
        const ended = (tools.note.execute as (input: unknown, options: Options) => Promise<unknown>)(
          { amount: 1 },
          way(options),
        )
        results.push(await ended.catch((error: { readonly code: string }) => error.code))
      }
      return 'ended'
    },
  })
  const model = answering([[call('call-1', 'twice', {})]])
  const messages = [user('Note')]
  await generateText({ model, messages, tools: { ...tools, twice }, toolApproval, stopWhen: isStepCount(3) })
  return { ran, results, errors }
}

describe('of two equal writes of code', () => {
  test.each(Object.entries(told))(verifies('A12', 'both are made: it hands on %s'), async (_, way) => {
    expect(await noted(way)).toEqual({ ran: 2, results: ['noted 1', 'noted 2'], errors: [] })
  })

  test.each(Object.entries(untold))(
    verifies('A12', 'the second is refused, and never told the result of the first: it hands on %s'),
    async (_, messagesOf) => {
      const { results, errors } = await noted((options) => ({ ...options, messages: messagesOf(options.messages) }))
      expect(results).toEqual(['noted 1', 'misconfigured'])
      expect(errors).toMatchObject([{ code: 'ERR_CONFIGURATION' }])
    },
  )

  test(verifies('A12', 'both are made by code around a guarded tool of the same name, that hands on all'), async () => {
    const target = await world()
    const [guard, identity] = [target.guard(), await target.login()]
    let ran = 0
    const note = tool({ inputSchema: Amount, execute: async () => `noted ${++ran}` })
    const policies = { note: policy(Amount, { effect: 'write' }) }
    const { tools, toolApproval } = guardTools({ note }, { guard, policies, identity, threadId: 'thread-1' })
    const around = tool({
      ...tools.note,
      async execute(input: z.infer<typeof Amount>, options: Options) {
        const once = () => tools.note.execute?.(input, options as never)
        return `${await once()}, ${await once()}`
      },
    } as never)
    const model = answering([[call('call-1', 'note', { amount: 1 })]])
    const given = { model, messages: [user('Note')], tools: { note: around }, stopWhen: isStepCount(2) }
    const { responseMessages } = await generateText({ ...given, toolApproval })
    expect(JSON.stringify(responseMessages)).toContain('noted 1, noted 2')
  })
})
