import { useChat } from '@ai-sdk/react'
import { useApprovals } from '@behalf/ai-sdk/react'
import { lastAssistantMessageIsCompleteWithApprovalResponses } from 'ai'
import { useState } from 'react'
import { createRoot } from 'react-dom/client'

/** A page as that of docs/guides/nextjs.md, and a button that removes it. */
function Page() {
  const isForgotten = location.hash === '#forgotten'
  const chat = useChat(
    isForgotten ? {} : { sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses },
  )
  const { waiting, problem, wake } = useApprovals(chat)
  return (
    <main>
      <div role="log">
        {chat.messages.flatMap(({ id, parts }) =>
          parts.map((part, index) => (part.type === 'text' ? <p key={`${id} ${index}`}>{part.text}</p> : null)),
        )}
      </div>
      <p role="status">{problem ?? 'no problem'}</p>
      {waiting.map((call) => (
        <section key={call.approvalId} aria-label={call.interrupt.kind}>
          {call.question}
          <em>{call.problem}</em>
        </section>
      ))}
      <button type="button" onClick={() => void wake()}>
        I am back
      </button>
      <button type="button" onClick={() => void chat.sendMessage({ text: 'Go' })}>
        Send
      </button>
      <button type="button" onClick={() => void chat.sendMessage({ text: 'Only talk' })}>
        Talk
      </button>
    </main>
  )
}

function App() {
  const [isShown, setShown] = useState(true)
  return (
    <>
      {isShown && <Page />}
      <button type="button" onClick={() => setShown(false)}>
        Leave
      </button>
    </>
  )
}

createRoot(document.body.appendChild(document.createElement('div'))).render(<App />)
