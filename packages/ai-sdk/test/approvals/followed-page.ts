import { onTestFinished, vi } from 'vitest'
import { type FollowOptions, followInterrupts, type ShownMessage } from '../../src/browser.ts'

/** A part of a call that waits for a person. */
export const waiting = (approvalId: string, kind = 'approval_pending', more: object = {}) => ({
  type: 'tool-buy',
  state: 'approval-requested',
  toolCallId: `call-of-${approvalId}`,
  approval: {
    id: approvalId,
    requestReason: JSON.stringify({ v: 1, kind, id: `question-of-${approvalId}`, tool: 'buy', message: 'm', ...more }),
  },
})

/** A chat with these parts, and a server that answers by the id of the question. */
export function page(...parts: ReturnType<typeof waiting>[]) {
  const messages: ShownMessage[] = [{ parts }]
  const responses: object[] = []
  const problems: unknown[] = []
  const answers: Record<string, () => Response | Promise<Response>> = {}
  const asked: string[] = []
  const chat = {
    messages,
    addToolApprovalResponse: vi.fn(async (response: { readonly id: string }) => {
      responses.push(response)
      messages[0] = { parts: (messages[0]?.parts ?? []).filter(({ approval }) => approval?.id !== response.id) }
    }),
  }
  const follow = (options: FollowOptions = {}) => {
    const stop = followInterrupts(chat, {
      onProblem: (problem) => problems.push(problem),
      fetch: async (url) => {
        asked.push(url)
        return (answers[url.split('/').at(-1) ?? ''] ?? (() => Response.json({ resolved: false, interval: 5 })))()
      },
      ...options,
    })
    onTestFinished(stop)
    return stop
  }
  const add = (...added: ReturnType<typeof waiting>[]) => messages.push({ parts: added })
  return { chat, answers, asked, responses, problems, follow, add }
}
