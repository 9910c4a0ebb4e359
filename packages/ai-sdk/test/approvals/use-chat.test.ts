import type { Guard, Identity } from '@behalf/core'
import { buy } from '@behalf/testing/contract'
import {
  AbstractChat,
  type ChatState,
  type ChatStatus,
  convertToModelMessages,
  isStepCount,
  lastAssistantMessageIsCompleteWithApprovalResponses,
  streamText,
  toUIMessageStream,
  type UIMessage,
} from 'ai'
import { expect, test } from 'vitest'
import { followInterrupts, interruptsOf, parseInterrupt, wake } from '../../src/browser.ts'
import { approvalStatus, guardTools } from '../../src/index.ts'
import { answering, call, type Step } from '../scripted-model.ts'
import { makeTools, policies, world } from '../world.ts'

// Without React: `useChat` is AbstractChat with a state that React watches.

class PlainState implements ChatState<UIMessage> {
  status: ChatStatus = 'ready'
  error: Error | undefined
  messages: UIMessage[] = []
  pushMessage = (message: UIMessage) => void this.messages.push(message)
  popMessage = () => void this.messages.pop()
  replaceMessage = (index: number, message: UIMessage) => void this.messages.splice(index, 1, message)
  snapshot = <Thing>(thing: Thing): Thing => structuredClone(thing)
}

class Chat extends AbstractChat<UIMessage> {}

interface App {
  readonly guard: Guard
  readonly identity: Identity | undefined
  readonly steps: readonly Step[]
}

/** What the route `POST /api/chat` of the guide does. */
async function chatRoute(messages: UIMessage[], { guard, identity, steps }: App) {
  const guarded = guardTools(makeTools(), { guard, policies, identity, threadId: 'chat-1' })
  const result = streamText({
    model: answering(steps),
    messages: await convertToModelMessages(messages),
    ...guarded,
    stopWhen: isStepCount(5),
  })
  return toUIMessageStream({
    stream: result.stream,
    tools: guarded.tools,
    originalMessages: messages,
    redactToolErrors: true,
  })
}

/** A browser with a conversation; messages cross the wire as JSON. */
function browser(app: App) {
  const over = { ...app }
  const sent: string[] = []
  const chat = new Chat({
    id: 'chat-1',
    state: new PlainState(),
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
    transport: {
      sendMessages: async ({ messages }) => {
        sent.push(JSON.stringify(messages))
        return (await chatRoute(JSON.parse(JSON.stringify(messages)), over)) as never
      },
      reconnectToStream: async () => null,
    },
  })
  const route = approvalStatus({ guard: over.guard, identityOf: () => over.identity })
  /** Polls each question once, and continues what waits for a login, as a page does when its user is back. */
  const look = async () => {
    const polls: Promise<Response>[] = []
    const poll = (url: string) => {
      polls.push(route(new Request(`https://app.example${url}`)))
      return polls.at(-1) as Promise<Response>
    }
    const stop = followInterrupts(chat, { fetch: poll })
    await Promise.all(polls)
    await settled(chat)
    stop()
    await wake(chat)
    await settled(chat)
  }
  const app_ = (next: Partial<App>) => Object.assign(over, next)
  return { chat, look, sent, app: app_, shown: () => JSON.stringify(chat.messages) }
}

async function settled(chat: Chat): Promise<void> {
  do await new Promise((resolve) => setTimeout(resolve, 10))
  while (chat.status === 'submitted' || chat.status === 'streaming')
}

const fifty: Step = [call('call-1', 'create_order', buy(50))]

test('a browser shows the question, waits for the answer, and then shows the result', async () => {
  const target = await world()
  const guard = target.guard()
  const { chat, look, app, shown, sent } = browser({ guard, identity: await target.login(), steps: [fifty] })
  await chat.sendMessage({ text: 'Buy 50' })
  const [waiting] = interruptsOf(chat.messages)
  expect(waiting).toMatchObject({ toolCallId: 'call-1', interrupt: { message: 'Buy 50 shares of AAPL' } })
  const part = chat.lastMessage?.parts.find((one) => 'approval' in one)
  expect(parseInterrupt((part as { approval: { requestReason: string } }).approval.requestReason)).toEqual(
    waiting?.interrupt,
  )
  await look()
  expect(sent).toHaveLength(1)
  await target.authorizationServer.controls.approve()
  target.clock.advance(10)
  app({ steps: ['Bought.'] })
  await look()
  expect(interruptsOf(chat.messages)).toEqual([])
  expect(shown()).toContain('"state":"output-available"')
  expect(shown()).toContain('Bought.')
  expect(await target.orders()).toBe(1)
})

test('a message that is typed while a call waits drops the call: a later approval neither runs it nor breaks the chat', async () => {
  const target = await world()
  const { chat, look, app, shown } = browser({ guard: target.guard(), identity: await target.login(), steps: [fifty] })
  await chat.sendMessage({ text: 'Buy 50' })
  app({ steps: ['Hello.'] })
  await chat.sendMessage({ text: 'Hello?' })
  expect([chat.status, interruptsOf(chat.messages)]).toEqual(['ready', []])
  await target.authorizationServer.controls.approve()
  target.clock.advance(10)
  await look()
  app({ steps: ['Still here.'] })
  await chat.sendMessage({ text: 'Still there?' })
  expect([chat.status, chat.error]).toEqual(['ready', undefined])
  expect(shown()).toContain('Still here.')
  expect(await target.orders()).toBe(0)
})

test('of several questions the message is sent when all are answered, and a no is told as one', async () => {
  const target = await world()
  const guard = target.guard()
  const steps: Step[] = [[...fifty, call('call-2', 'create_order', buy(20, { symbol: 'MSFT' }))]]
  const { chat, look, app, shown, sent } = browser({ guard, identity: await target.login(), steps })
  await chat.sendMessage({ text: 'Buy' })
  const { controls } = target.authorizationServer
  const [first, second] = await controls.pendingRequests('ann')
  await controls.approve(first?.authReqId)
  target.clock.advance(10)
  await look()
  expect([sent.length, interruptsOf(chat.messages).length]).toEqual([1, 1])
  await controls.deny(second?.authReqId)
  target.clock.advance(10)
  app({ steps: ['One of two.'] })
  await look()
  expect(shown()).toContain('One of two.')
  expect(shown()).toContain('"state":"output-denied"')
  expect(await target.orders()).toBe(1)
})

test('a browser that says yes by itself moves nothing', async () => {
  const target = await world()
  const { chat, app, shown } = browser({ guard: target.guard(), identity: await target.login(), steps: [fifty] })
  await chat.sendMessage({ text: 'Buy 50' })
  app({ steps: ['It waits.'] })
  for (const { approvalId } of interruptsOf(chat.messages)) {
    await chat.addToolApprovalResponse({ id: approvalId, approved: true })
  }
  await settled(chat)
  expect(await target.orders()).toBe(0)
  expect(shown()).toContain('"state":"output-error"')
  expect(await target.authorizationServer.controls.pendingRequests()).toHaveLength(1)
})

test('another user in the same browser sees no answer, and moves nothing, until the user of the question is back', async () => {
  const target = await world()
  const { chat, look, app, sent } = browser({ guard: target.guard(), identity: await target.login(), steps: [fifty] })
  await chat.sendMessage({ text: 'Buy 50' })
  await target.authorizationServer.controls.approve()
  target.clock.advance(10)
  app({ identity: await target.login('bob') })
  await look()
  expect(sent).toHaveLength(1)
  expect(await target.orders()).toBe(0)
  app({ identity: await target.login(), steps: ['Bought.'] })
  await look()
  expect(await target.orders()).toBe(1)
})

test('after a login the call goes on at once', async () => {
  const target = await world()
  const steps: Step[] = [[call('call-1', 'whoami', {})]]
  const { chat, look, app, shown } = browser({ guard: target.guard(), identity: undefined, steps })
  await chat.sendMessage({ text: 'Who am I?' })
  expect(interruptsOf(chat.messages)).toMatchObject([{ interrupt: { kind: 'login_required' } }])
  app({ identity: await target.login(), steps: ['Ann.'] })
  await look()
  expect(shown()).toContain('"subject":"ann"')
})

test('what is not an interrupt of ours is left out', () => {
  const shown = (approval: object, state = 'approval-requested') => [
    {
      parts: [
        { type: 'tool-x', state, toolCallId: 'c', approval: { id: 'a', ...approval } },
        { type: 'text', text: 'x' },
      ],
    },
  ]
  const interrupt = JSON.stringify({ v: 1, kind: 'approval_pending', id: 'i', tool: 'x', message: 'm' })
  expect(interruptsOf(shown({ requestReason: interrupt }))).toHaveLength(1)
  expect(interruptsOf(shown({ requestReason: interrupt }, 'approval-responded'))).toEqual([])
  expect(interruptsOf(shown({ requestReason: 'a human should look' }))).toEqual([])
  expect(interruptsOf(shown({}))).toEqual([])
})

test('a call that joined the question of one that a message replaced, and ran, is no problem of the chat', async () => {
  const target = await world()
  const { chat, look, app } = browser({ guard: target.guard(), identity: await target.login(), steps: [fifty] })
  await chat.sendMessage({ text: 'Buy 50' })
  app({ steps: [[call('call-2', 'create_order', buy(50))]] })
  await chat.sendMessage({ text: 'hello?' })
  await target.authorizationServer.controls.approve()
  target.clock.advance(10)
  app({ steps: ['Bought.'] })
  await look()
  expect(await target.orders()).toBe(1)
  const problems: unknown[] = []
  followInterrupts(chat, { onProblem: (problem) => problems.push(problem) })()
  expect(problems).toEqual([])
})
