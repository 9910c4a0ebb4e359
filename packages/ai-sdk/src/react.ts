// `@behalf/ai-sdk/react`: needs React, and loads neither Node nor the guard.
import type { Interrupt, InterruptKind } from '@behalf/core/interrupts'
import { useCallback, useEffect, useRef, useState } from 'react'
import {
  demandKnown,
  type FollowedChat,
  type FollowOptions,
  type FollowProblem,
  followInterrupts,
  printProblem,
  wake,
} from './approvals/follow-interrupts.ts'
import { interruptsOf, type PendingInterrupt } from './messages/interrupts-of.ts'

export type { FollowedChat, FollowOptions, FollowProblem } from './approvals/follow-interrupts.ts'
export type { PendingInterrupt } from './messages/interrupts-of.ts'

/** Options of {@link useApprovals}. */
export type UseApprovalsOptions = Omit<FollowOptions, 'onConfirmed'>

/** A waiting call of {@link Approvals}. */
export interface WaitingCall extends Omit<PendingInterrupt, 'interrupt'> {
  /** Action that the person must take. Its message is left out: the messages of a chat may be another user's. */
  readonly interrupt: Omit<Interrupt, 'message'>
  /** Text of the question. Absent unless the route knows the call as a question of this user. */
  readonly question?: string
  /**
   * What the user or the app must do, since the call cannot continue without it: the kind of the interrupt, such as
   * `login_required`, or the reason why its question is not followed. Absent while a person is asked.
   */
  readonly problem?: FollowProblem | Exclude<InterruptKind, 'approval_pending'>
}

/** The waiting calls of a chat. */
export interface Approvals {
  /** Calls that wait for a person, in their order. */
  readonly waiting: readonly WaitingCall[]
  /** Reason why the chat as a whole does not continue, if there is one. Each waiting call has its own. */
  readonly problem: FollowProblem | undefined
  /**
   * Continues the calls that wait for a sign-in, an account or a step-up. Call it when the user is back: the server
   * checks whether they did it.
   */
  wake(): Promise<void>
}

/** Problems by the `approvalId` of their question. That of the chat has the key `undefined`. */
type Problems = ReadonlyMap<string | undefined, FollowProblem | undefined>

const NO_PROBLEMS: Problems = new Map()

/**
 * Follows the approvals of a chat while the component is shown: polls each open question, and continues the chat when a
 * question is resolved.
 *
 * @param chat - What `useChat` returns. Give `useChat` `sendAutomaticallyWhen:
 *   lastAssistantMessageIsCompleteWithApprovalResponses`.
 * @throws TypeError `chat` is not a chat, or an option is unknown.
 */
export function useApprovals(chat: FollowedChat, options: UseApprovalsOptions = {}): Approvals {
  demandKnown('useApprovals', chat, options, ['url', 'fetch', 'onProblem'])
  const { url, fetch, onProblem } = options
  const latest = useRef({ chat, fetch, onProblem })
  useEffect(() => {
    latest.current = { chat, fetch, onProblem }
  })
  const [problems, setProblems] = useState(NO_PROBLEMS)
  const [confirmed, setConfirmed] = useState<readonly string[]>([])
  useEffect(() => {
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
        onProblem: (found, cause, approvalId) => {
          setProblems((known) => new Map(known).set(approvalId, found))
          const { onProblem: tell = printProblem } = latest.current
          tell(found, cause, approvalId)
        },
        onConfirmed: setConfirmed,
      },
    )
    return () => {
      stop()
      setProblems(NO_PROBLEMS)
      setConfirmed([])
    }
  }, [url])
  return {
    waiting: interruptsOf(chat.messages).map(({ interrupt: { message, ...interrupt }, ...call }) => {
      const problem = interrupt.kind === 'approval_pending' ? problems.get(call.approvalId) : interrupt.kind
      return {
        ...call,
        interrupt,
        ...(confirmed.includes(call.approvalId) && { question: message }),
        ...(problem !== undefined && { problem }),
      }
    }),
    problem: problems.get(undefined),
    wake: useCallback(() => wake(latest.current.chat), []),
  }
}
