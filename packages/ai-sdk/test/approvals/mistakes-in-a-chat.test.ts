// A newcomer reads these sentences: docs/mistakes.md shows each one, and the code says it.
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { followInterrupts } from '../../src/browser.ts'

const page = readFileSync(new URL('../../../../docs/mistakes.md', import.meta.url), 'utf8')
beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const notFound = (body: string, type: string) => new Response(body, { status: 404, headers: { 'content-type': type } })

test.each([
  [
    'not_sent',
    'the chat does not send the responses: give it sendAutomaticallyWhen: ',
    'approval-responded',
    undefined,
  ],
  [
    'unavailable',
    ' answered 404 (text/html), not as approvalStatus does: mount it there, or give ',
    'approval-requested',
    () => notFound('<h1>no page</h1>', 'text/html'),
  ],
  [
    'unknown',
    'this user has no such question. Another user asked it, or the guard does not know it: use one guard for all requests, ',
    'approval-requested',
    () => notFound('{"error":"not_found"}', 'application/json'),
  ],
  [
    'replaced',
    'a message was sent while a call waited, so the AI SDK dropped the call: ',
    'approval-requested',
    undefined,
  ],
] as const)('a newcomer reads the text of the page on the console, once: %s', async (problem, said, state, answer) => {
  const later = problem === 'replaced' ? [{ parts: [] }, { parts: [] }] : []
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  onTestFinished(() => warn.mockRestore())
  const requestReason = JSON.stringify({ v: 1, kind: 'approval_pending', id: 'q', tool: 'buy', message: 'm' })
  const parts = [{ type: 'tool-buy', state, toolCallId: 'c', approval: { id: 'a', requestReason } }]
  const chat = { messages: [{ parts }, ...later], status: 'ready', addToolApprovalResponse: vi.fn() }
  const fetch = async () => answer?.() ?? Response.error()
  onTestFinished(followInterrupts(chat, { fetch }))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(warn.mock.calls).toEqual([[problem, expect.objectContaining({ message: expect.stringContaining(said) })]])
  expect(page).toContain(said)
})
