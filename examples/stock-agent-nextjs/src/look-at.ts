import { interruptsOf } from '@behalf/ai-sdk'
import type { UIMessage } from 'ai'
import type { StockApp } from './app.ts'
import { isRunning } from './begun-calls.ts'
import { isUnfinished } from './converse.ts'
import type { Who } from './who-is.ts'

/** A conversation as its page needs it. No token and no ticket is in it. */
export interface Look {
  readonly version: number
  readonly messages: readonly UIMessage[]
  /**
   * State of the continuation. `'now'`: the awaited action is done, or a restart interrupted the turn; the page may ask
   * to continue. `'on_click'`: the conversation began before its user logged in, who must first confirm it, even if no
   * call waits in it.
   */
  readonly goesOn: 'now' | 'on_click' | 'later' | 'not_needed'
  /** Person who must answer the open question. */
  readonly asked?: 'you' | 'somebody_else'
}

/** @returns `undefined` for another owner's conversation, and for a missing one. */
export async function lookAt(app: StockApp, { identity, owner }: Who, id: string): Promise<Look | undefined> {
  const kept = owner === undefined ? undefined : app.conversations.read(owner, id)
  if (kept === undefined) return undefined
  const { version, messages, isAdopted } = kept
  if (isAdopted) return { version, messages, goesOn: 'on_click' }
  const waiting = interruptsOf(messages).map(({ interrupt }) => interrupt)
  if (waiting.length === 0 && !isUnfinished(messages)) return { version, messages, goesOn: 'not_needed' }
  if (waiting.length === 0) {
    const isEarly = await isRunning(messages, { guard: app.guard, identity, threadId: id })
    return { version, messages, goesOn: isEarly ? 'later' : 'now' }
  }
  if (identity === undefined) return { version, messages, goesOn: 'later' }
  const questions = waiting.filter(({ kind }) => kind === 'approval_pending')
  // A login or an account: the page asks to continue when the user returns.
  if (questions.length === 0) return { version, messages, goesOn: 'now' }
  const views = await Promise.all(questions.map((one) => app.guard.approvals.get(one.id, { identity })))
  const isOpen = views.some((view) => view === undefined || view.state === 'open')
  const isOther = views.some((view) => view?.approver !== undefined && view.approver.subject !== identity.subject)
  return { version, messages, goesOn: isOpen ? 'later' : 'now', asked: isOther ? 'somebody_else' : 'you' }
}
