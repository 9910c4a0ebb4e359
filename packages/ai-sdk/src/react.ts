// `@behalf/ai-sdk/react`: needs React, and loads neither Node nor the guard.
import type { Interrupt } from '@behalf/core/interrupts'
import { useCallback, useEffect, useRef, useState } from 'react'
import {
  type FollowedChat,
  type FollowOptions,
  type FollowProblem,
  followInterrupts,
  isReplaced,
  isUnsent,
  printProblem,
  wake,
} from './follow-interrupts.ts'
import { interruptsOf, type PendingInterrupt } from './interrupts-of.ts'

export type { FollowedChat, FollowOptions, FollowProblem } from './follow-interrupts.ts'
export type { PendingInterrupt } from './interrupts-of.ts'

/** Options of {@link useApprovals}. */
export type UseApprovalsOptions = Omit<FollowOptions, 'onConfirmed'>

/** A waiting call of {@link Approvals}. */
export interface WaitingCall extends Omit<PendingInterrupt, 'interrupt'> {
  /** Action that the person must take. Its message is left out: the messages of a chat may be another user's. */
  readonly interrupt: Omit<Interrupt, 'message'>
  /**
   * Text of the question. Absent unless the route knows the call as a question of this user, and for a login, an account
   * or a step-up: show a text of your own for these.
   */
  readonly question?: string
}

/** The waiting calls of a chat. */
export interface Approvals {
  /** Calls that wait for a person, in their order. */
  readonly waiting: readonly WaitingCall[]
  /** Reason why a question is not followed now. `undefined`: all are. */
  readonly problem: FollowProblem | undefined
  /**
   * Continues the calls that wait for a sign-in, an account or a step-up. Call it when the user is back: the server
   * checks whether they did it.
   */
  wake(): Promise<void>
}

/**
 * Follows the approvals of a chat while the component is shown: polls each open question, and continues the chat when a
 * question is resolved.
 *
 * @param chat - What `useChat` returns. Give `useChat` `sendAutomaticallyWhen:
 *   lastAssistantMessageIsCompleteWithApprovalResponses`.
 */
export function useApprovals(chat: FollowedChat, { url, fetch, onProblem }: UseApprovalsOptions = {}): Approvals {
  const latest = useRef({ chat, fetch, onProblem })
  useEffect(() => {
    latest.current = { chat, fetch, onProblem }
  })
  const [problem, setProblem] = useState<FollowProblem>()
  const [confirmed, setConfirmed] = useState<readonly string[]>([])
  const waiting = interruptsOf(chat.messages)
  const isOpen =
    isUnsent(chat) || isReplaced(chat) || waiting.some(({ interrupt }) => interrupt.kind === 'approval_pending')
  useEffect(() => {
    if (!isOpen) return undefined
    const stop = followInterrupts(
      {
        get messages() {
          return latest.current.chat.messages
        },
        get status() {
          return latest.current.chat.status
        },
        addToolApprovalResponse: (response) => latest.current.chat.addToolApprovalResponse(response),
      },
      {
        ...(url !== undefined && { url }),
        fetch: (to, init) => (latest.current.fetch ?? globalThis.fetch)(to, init),
        onProblem: (found, cause) => {
          setProblem(found)
          const { onProblem: tell = printProblem } = latest.current
          tell(found, cause)
        },
        onConfirmed: setConfirmed,
      },
    )
    return () => {
      stop()
      setProblem(undefined)
      setConfirmed([])
    }
  }, [isOpen, url])
  return {
    waiting: waiting.map(({ interrupt: { message, ...interrupt }, ...call }) => ({
      ...call,
      interrupt,
      ...(confirmed.includes(call.approvalId) && { question: message }),
    })),
    problem,
    wake: useCallback(() => wake(latest.current.chat), []),
  }
}
