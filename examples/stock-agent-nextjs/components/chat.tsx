'use client'

import { interruptsOf } from '@behalf/ai-sdk/browser'
import { displayText } from '@behalf/core/interrupts'
import { useEffect, useRef, useState } from 'react'
import type { ConversationName } from '../src/conversations.ts'
import type { Look } from '../src/look-at.ts'
import { isGoingOn } from '../src/parts.ts'
import { Adopted } from './adopted.tsx'
import { LoginOver } from './login-over.tsx'
import { Message } from './message.tsx'
import type { Sentences } from './tool-card.tsx'
import { useConversation } from './use-conversation.ts'

const suggestions = ['What is AAPL trading at?', 'Who am I?', 'Show me my portfolio', 'Buy 50 shares of AAPL']

export function Chat({
  id,
  initial,
  user,
  sentences,
  others,
}: {
  readonly id: string
  readonly initial: Look | undefined
  /** User of the page; absent for a visitor. */
  readonly user: string | undefined
  readonly sentences: Sentences
  readonly others: readonly ConversationName[]
}) {
  const { messages, look, isBusy, hasEnded, problem, say, cancel, goOn } = useConversation(id, initial, user)
  const [text, setText] = useState('')
  const end = useRef<HTMLDivElement>(null)
  // A call of a process that died may still have no result. Until then, there is no next turn.
  const isUnderWay = !isBusy && (messages.at(-1)?.parts ?? []).some(isGoingOn)
  const isAsking = isUnderWay || interruptsOf(messages).some(({ interrupt }) => interrupt.kind === 'approval_pending')
  // Messages from before the login may be another person's, and the model would follow them.
  const isAdopted = look?.goesOn === 'on_click'
  const isClosed = isAsking || isAdopted || hasEnded
  const mayType = !isBusy && !isClosed
  const login = `/login?returnTo=${encodeURIComponent(`/?c=${id}`)}`
  useEffect(() => {
    // Some browsers return a promise here. React would take a returned value for a clean-up function.
    end.current?.scrollIntoView({ block: 'nearest' })
  }, [messages])
  const send = (words: string) => {
    if (!mayType || words.trim() === '') return
    setText('')
    void say(words.trim())
  }
  // Text that the user wrote while the agent works. It is sent afterwards, unless there is a question.
  const [isNext, setNext] = useState(false)
  useEffect(() => {
    if (!isNext || isBusy) return
    setNext(false)
    send(text)
  }, [isNext, isBusy, text, send])
  return (
    <>
      {messages.length === 0 && (
        <div className="empty">
          <p className="lead">Ask for a price, your portfolio, or an order.</p>
          <p className="quiet-text">Prices need no login. An order of more than 10 shares is yours to approve first.</p>
        </div>
      )}
      <div className="log" role="log" aria-label="Conversation" aria-live="polite">
        {messages.map((message) => (
          <Message
            key={message.id}
            message={message}
            login={login}
            user={user}
            returnTo={`/?c=${id}`}
            look={look}
            sentences={sentences}
            cancel={cancel}
          />
        ))}
        {isAdopted && !isBusy && !hasEnded && user !== undefined && (
          <Adopted messages={messages} user={user} goOn={goOn} />
        )}
        {isBusy && <p className="quiet-text working">Working on it…</p>}
        <div ref={end} className="end" />
      </div>
      {problem !== undefined && (
        <p className="notice" role="alert">
          {problem}
        </p>
      )}
      {hasEnded && <LoginOver user={user} conversation={`/?c=${id}`} login={login} />}
      <div className="composer">
        {messages.length === 0 && (
          <ul className="suggestions" aria-label="Suggestions">
            {suggestions.map((suggestion) => (
              <li key={suggestion}>
                <button type="button" className="quiet" onClick={() => send(suggestion)}>
                  {suggestion}
                </button>
              </li>
            ))}
          </ul>
        )}
        <form
          onSubmit={(event) => {
            event.preventDefault()
            if (isBusy) setNext(true)
            else send(text)
          }}
        >
          <label className="said" htmlFor="text">
            Message
          </label>
          <input
            id="text"
            value={text}
            onChange={(event) => setText(event.target.value)}
            placeholder={placeholderOf({ isAdopted, isAsking })}
            autoComplete="off"
            maxLength={2000}
            // Not disabled, because that would remove the keyboard's focus during a purchase.
            readOnly={isClosed}
            aria-disabled={isClosed}
          />
          <button className="main" type="submit" disabled={isClosed || isNext}>
            Send
          </button>
        </form>
      </div>
      {others.length > 0 && (
        <nav className="others" aria-label="Earlier conversations">
          <h2>Earlier</h2>
          <ul>
            {others.slice(0, 6).map((other) => (
              <li key={other.id}>
                <a href={`/?c=${other.id}`}>{displayText(other.title)}</a>
              </li>
            ))}
          </ul>
        </nav>
      )}
    </>
  )
}

function placeholderOf({ isAdopted, isAsking }: { readonly isAdopted: boolean; readonly isAsking: boolean }): string {
  if (isAdopted) return 'First say whether this is yours'
  return isAsking ? 'Waiting for the answer…' : 'Message the agent'
}
