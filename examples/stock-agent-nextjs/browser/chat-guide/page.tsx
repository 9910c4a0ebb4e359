import { useChat } from '@ai-sdk/react'
import { useApprovals } from '@behalf/ai-sdk/react'
import { lastAssistantMessageIsCompleteWithApprovalResponses } from 'ai'
import { useState } from 'react'
import { createRoot } from 'react-dom/client'

function Page() {
  const [text, setText] = useState('')
  const chat = useChat({ sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses })
  const { waiting, problem } = useApprovals(chat)
  return (
    <main>
      <div role="log">
        {chat.messages.flatMap(({ id, parts }) =>
          parts.map((part, at) => (part.type === 'text' ? <p key={`${id} ${at}`}>{part.text}</p> : null)),
        )}
      </div>
      {waiting.map(({ approvalId, interrupt, question }) => (
        <section key={approvalId} aria-label="Waiting">
          {interrupt.kind === 'login_required' && <a href="/login">Log in to continue</a>}
          {question && <p>Approve on your phone: {question}</p>}
        </section>
      ))}
      {(problem ?? chat.error) && <p role="alert">{problem ?? 'The chat failed.'}</p>}
      <form
        onSubmit={(event) => {
          event.preventDefault()
          setText('')
          void chat.sendMessage({ text })
        }}
      >
        <label>
          Message <input value={text} onChange={(event) => setText(event.target.value)} />
        </label>
        <button type="submit" disabled={chat.status !== 'ready' || waiting.length > 0}>
          Send
        </button>
      </form>
    </main>
  )
}

const element = document.querySelector('#app')
if (element !== null) createRoot(element).render(<Page />)
