// A call that comes again under its own id, and gets the result of its earlier run.
import { policy } from '@behalf/core'
import { generateText, tool } from 'ai'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, type Replay } from '../../src/index.ts'
import { call, scripted } from '../scripted-model.ts'
import { world } from '../world.ts'

const Note = z.strictObject({ text: z.string() })

test.each(['listens', 'throws'])('tells the app, whose callback %s, and the model reads the same', async (how) => {
  const { guard, login } = await world()
  const ran: string[] = []
  const replays: Replay[] = []
  const note = tool({
    inputSchema: Note,
    execute: async ({ text }) => {
      ran.push(text)
      return `noted ${text}`
    },
  })
  const onReplayed = (replay: Replay) => {
    replays.push(replay)
    if (how === 'throws') throw new Error('the log is away')
  }
  const guarded = guardTools(
    { note },
    {
      guard: guard(),
      policies: { note: policy(Note, { effect: 'write' }) },
      identity: await login(),
      threadId: 't',
      onReplayed,
    },
  )
  const outputs = []
  for (let times = 0; times < 2; times++) {
    const model = scripted([call('call-1', 'note', { text: 'hi' })], 'Noted.')
    const { toolResults } = await generateText({ model, prompt: 'Note it', ...guarded })
    outputs.push(...toolResults.map(({ output }) => output))
  }
  expect([ran, outputs]).toEqual([['hi'], ['noted hi', 'noted hi']])
  expect(replays).toEqual([{ tool: 'note', toolCallId: 'call-1', ranAt: expect.any(Number) }])
})
