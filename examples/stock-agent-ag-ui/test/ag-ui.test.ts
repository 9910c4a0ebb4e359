// The client of AG-UI 1.0 itself, before the stock agent on two frameworks.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Chat, ChatMaker } from '../src/chat.ts'
import { claudeChats } from '../src/claude-agent.ts'
import { openAiChats } from '../src/openai-agents.ts'
import { openWorld } from '../src/world.ts'

const frameworks: Readonly<Record<string, () => ChatMaker>> = {
  'OpenAI Agents': () => openAiChats(),
  'Claude Agent SDK': () => {
    const home = mkdtempSync(join(tmpdir(), 'behalf-ag-ui-'))
    onTestFinished(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }))
    return claudeChats(home)
  },
}

/** Lets Ann ask for 50 shares. The call then waits. */
async function asked(make: () => ChatMaker) {
  const chats = make()
  const seen: Chat[] = []
  const world = await openWorld((options) => {
    const chat = chats(options)
    seen.push(chat)
    return chat
  })
  onTestFinished(() => world.app.close())
  const ann = await world.signIn('ann', 'thread-1')
  const shown = await ann.ask('buy 50 AAPL')
  const { authorizationServer, stockTrade } = world.app
  return {
    ...world,
    ann,
    shown,
    /** Returns the waiting calls that the server stored for Ann. */
    stored: () => seen.at(-1)?.pending() ?? [],
    orders: async () => (await stockTrade.controls.orders('p-ann')).map(({ quantity }) => quantity),
    questions: async () => (await authorizationServer.controls.pendingRequests('ann')).length,
  }
}

describe.each(Object.entries(frameworks))('a client of AG-UI before %s', (_, make) => {
  test(
    verifies('A3', 'shows what waits; its yes runs nothing, and after the yes of the person the call runs once'),
    async () => {
      const { ann, shown, approve, orders } = await asked(make)
      expect(shown.waits).toEqual(['Buy 50 shares of AAPL'])
      const yes = { approved: true, editedArgs: { quantity: 1 } }
      expect((await ann.answer('resolved', yes)).waits).toEqual(['Buy 50 shares of AAPL'])
      expect(await orders()).toEqual([])
      await approve()
      const { said, waits } = await ann.answer('resolved')
      expect([said, waits]).toEqual([expect.stringContaining('Bought 50 AAPL'), []])
      expect(await orders()).toEqual([50])
    },
  )

  test('cancels the question of a call that the user gives up, and runs nothing even if the person said yes before', async () => {
    const { ann, approve, orders, questions } = await asked(make)
    await approve()
    const { said, waits } = await ann.answer('cancelled')
    expect([said, waits, await questions(), await orders()]).toEqual([
      expect.stringContaining('That was not done.'),
      [],
      0,
      [],
    ])
  })

  test('continues a call whose question is no longer stored: the guard decides again, and the thread goes on', async () => {
    const { app, ann: before, signIn, orders } = await asked(make)
    app.clock.advance(40 * 24 * 3600)
    const ann = await signIn('ann', 'thread-1')
    ann.client.pendingInterrupts = structuredClone(before.client.pendingInterrupts)
    // By then the permissions of the example have ended too.
    const refused = { said: 'That was not done. This action is not permitted.', waits: [] }
    expect([await ann.answer('resolved'), await ann.ask('buy 5 AAPL'), await orders()]).toEqual([refused, refused, []])
  })

  test(verifies('A8', "another user's resume of the same thread changes nothing and learns nothing"), async () => {
    const { ann, signIn, orders, questions } = await asked(make)
    const bob = await signIn('bob', 'thread-1')
    bob.client.pendingInterrupts = structuredClone(ann.client.pendingInterrupts)
    for (const status of ['resolved', 'cancelled'] as const) {
      const { said, waits } = await bob.answer(status, { approved: true }).catch(() => bob.shown())
      expect([said, waits]).not.toContainEqual(expect.stringContaining('Bought'))
    }
    expect([await questions(), await orders()]).toEqual([1, []])
  })
})

describe('the handler', () => {
  const make = () => openAiChats()
  const body = (over: object) =>
    JSON.stringify({ threadId: 'thread-1', runId: 'run-2', messages: [], tools: [], context: [], ...over })
  const request = (headers: Record<string, string>, over: object = {}) =>
    new Request('https://agent.example/ag-ui', { method: 'POST', headers, body: body(over) })

  test('refuses a request without a signed-in user, and one that is no input of AG-UI', async () => {
    const { send, ann } = await asked(make)
    expect((await send(request({}))).status).toBe(401)
    expect((await send(request(ann.client.headers, { threadId: 7 }))).status).toBe(400)
  })

  test.each([
    ['a prompt beside a call that waits', { messages: [{ id: 'm', role: 'user', content: 'buy 5 AAPL' }] }],
    ['the answer to a call that does not wait', { resume: [{ interruptId: 'other', status: 'resolved' }] }],
  ])('answers %s with RUN_ERROR, and runs nothing', async (_, over) => {
    const { send, ann, orders, approve } = await asked(make)
    await approve()
    const text = await (await send(request(ann.client.headers, over))).text()
    expect(text).toContain('"type":"RUN_ERROR"')
    expect(await orders()).toEqual([])
  })

  test('sends the client neither a token nor the proof of an interrupt', async () => {
    const { send, ann, stored } = await asked(make)
    const interruptId = ann.client.pendingInterrupts[0]?.id
    const text = await (
      await send(request(ann.client.headers, { resume: [{ interruptId, status: 'resolved' }] }))
    ).text()
    const proof = stored()[0]?.interrupt.proof
    expect(proof).toEqual(expect.any(String))
    expect(text).toContain('behalf:approval_pending')
    expect(text).not.toContain(proof)
    expect(text).not.toMatch(/eyJ[\w-]{8,}\./)
  })
})
