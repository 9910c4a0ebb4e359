import { useChat } from '@ai-sdk/react'
import { useApprovals } from '@behalf/ai-sdk/react'
import { lastAssistantMessageIsCompleteWithApprovalResponses } from 'ai'
import { useState } from 'react'
import { createRoot } from 'react-dom/client'

function Page() {
  const [text, setText] = useState('')
  const chat = useChat({ sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses })
  const { waiting, problem, wake } = useApprovals(chat)
  return (
    <main>
      <div role="log">
        {chat.messages.flatMap(({ id, parts }) =>
          parts.map((part, at) => (part.type === 'text' ? <p key={`${id} ${at}`}>{part.text}</p> : null)),
        )}
      </div>
      {waiting.map((call) => (
        <section key={call.approvalId} aria-label="Waiting">
          {call.question && <p>Approve on your phone: {call.question}</p>}
          {call.problem === 'login_required' && (
            <p>
              <a href="/login" target="_blank" rel="noopener">
                Log in
              </a>{' '}
              <button type="button" onClick={() => void wake()}>
                I am back
              </button>
            </p>
          )}
          {call.problem && (
            <p role="alert">
              {call.problem}{' '}
              <button
                type="button"
                onClick={() => void chat.addToolApprovalResponse({ id: call.approvalId, approved: false })}
              >
                Go on without it
              </button>
            </p>
          )}
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
        <button type="submit" disabled={waiting.length > 0 || !['ready', 'error'].includes(chat.status)}>
          Send
        </button>
      </form>
    </main>
  )
}

const element = document.querySelector('#app')
if (element !== null) createRoot(element).render(<Page />)
