'use client'

import { useChat } from '@ai-sdk/react'
import { interruptsOf } from '@behalf/ai-sdk/browser'
import { DefaultChatTransport, type UIMessage } from 'ai'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { Look } from '../src/look-at.ts'
import { noAnswer } from '../src/no-answer.ts'

/** Polling interval in seconds for a conversation in which no call waits: another tab may have continued it. */
const IDLE_SECONDS = 10

const unreachable = 'The agent could not be reached. It will be tried again.'

/** A conversation that the server keeps. This tab shows it, adds the user's text, and asks to continue. */
export interface ShownConversation {
  readonly messages: readonly UIMessage[]
  readonly look: Look | undefined
  readonly isBusy: boolean
  /** True if the login has ended: the typed text was not sent. */
  readonly hasEnded: boolean
  readonly problem: string | undefined
  say(text: string): Promise<void>
  cancel(approvalId: string): Promise<void>
  /** Confirms that the part before the login is the user's. */
  goOn(): Promise<void>
}

export function useConversation(id: string, initial: Look | undefined, user: string | undefined): ShownConversation {
  const [look, setLook] = useState(initial)
  const [hasEnded, setEnded] = useState(false)
  const [problem, setProblem] = useState<string>()
  const tried = useRef('')
  const wasThere = useRef(initial !== undefined)
  const transport = useMemo(
    () =>
      new DefaultChatTransport({
        api: '/api/chat',
        // Words only: everything else the server knows better.
        prepareSendMessagesRequest: ({ body, messages }) => ({
          body: {
            id,
            user: user ?? null,
            ...(body?.goesOn === true ? { seen: body.seen } : { text: textOf(messages.at(-1)) }),
          },
        }),
      }),
    [id, user],
  )
  const { messages, setMessages, sendMessage, status } = useChat({
    id,
    transport,
    messages: [...(initial?.messages ?? [])],
    onError: ({ message }) => {
      const code = codeIn(message)
      if (code === 'login_required') setEnded(true)
      else if (message === noAnswer) setProblem('The agent did not answer. Say it again to try once more.')
      else if (code === undefined) setProblem(unreachable)
    },
  })
  const isBusy = status === 'submitted' || status === 'streaming'
  const busy = useRef(isBusy)
  busy.current = isBusy

  const refresh = useCallback(async () => {
    const response = await fetch(`/api/conversations/${id}`).catch(() => undefined)
    if (response === undefined || busy.current) return
    // To a browser that is no longer signed in, the earlier conversation is another user's.
    if (response.status === 404 && user !== undefined && wasThere.current) return setEnded(true)
    if (!response.ok) return
    wasThere.current = true
    const next = (await response.json()) as Look
    // The user logged in from it in another tab: this page has no user.
    if (next.goesOn === 'on_click' && user === undefined) setEnded(true)
    if (busy.current) return
    setProblem((before) => (before === unreachable ? undefined : before))
    setLook((before) => {
      if (before?.version !== next.version) setMessages([...next.messages])
      return next
    })
  }, [id, user, setMessages])

  // Reloads after each turn of this tab: the server's version counts.
  useEffect(() => {
    if (!isBusy && messages.length > 0) void refresh()
  }, [isBusy, messages.length, refresh])

  const waiting = interruptsOf(messages)
  const seconds = waiting.length === 0 ? IDLE_SECONDS : Math.max(1, waiting[0]?.interrupt.interval ?? 2)
  useEffect(() => {
    const timer = setInterval(refresh, seconds * 1000)
    window.addEventListener('focus', refresh)
    return () => {
      clearInterval(timer)
      window.removeEventListener('focus', refresh)
    }
  }, [refresh, seconds])

  useEffect(() => {
    const attempt = `${look?.version} ${look?.goesOn}`
    if (look?.goesOn !== 'now' || isBusy || hasEnded || tried.current === attempt) return
    tried.current = attempt
    void sendMessage(undefined, { body: { goesOn: true } }).then(refresh)
  }, [look, isBusy, hasEnded, sendMessage, refresh])

  return {
    messages,
    look,
    isBusy,
    hasEnded,
    problem,
    async say(text) {
      setProblem(undefined)
      history.replaceState(null, '', `/?c=${id}`)
      await sendMessage({ text })
    },
    async goOn() {
      setProblem(undefined)
      await sendMessage(undefined, { body: { goesOn: true, seen: look?.version } })
    },
    async cancel(approvalId) {
      await fetch(`/api/approvals/${approvalId}/cancel`, { method: 'POST' }).catch(() => undefined)
      await refresh()
    },
  }
}

function textOf(message: UIMessage | undefined): string {
  return (message?.parts ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('')
}

function codeIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { readonly error?: string }).error
  } catch {
    return undefined
  }
}
