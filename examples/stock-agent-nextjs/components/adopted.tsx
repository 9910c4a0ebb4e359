import { interruptsOf } from '@behalf/ai-sdk/browser'
import { displayText } from '@behalf/core/interrupts'
import type { UIMessage } from 'ai'

/**
 * Shows the last message and the waiting calls of a conversation from before the login: another person may have begun
 * it.
 */
export function Adopted({
  messages,
  user,
  goOn,
}: {
  readonly messages: readonly UIMessage[]
  readonly user: string
  readonly goOn: () => Promise<void>
}) {
  const waiting = new Set(interruptsOf(messages).map(({ toolCallId }) => toolCallId))
  const fields = messages
    .flatMap(({ parts }) => parts)
    .flatMap((part) => ('toolCallId' in part && waiting.has(part.toolCallId) ? Object.entries(part.input ?? {}) : []))
  return (
    <section className="card waiting" aria-label="Asked before the login">
      <h2>Go on as {displayText(user)}?</h2>
      <p>This conversation began before you logged in. Go on only if all that was said in it is yours.</p>
      <blockquote>{displayText(lastWords(messages))}</blockquote>
      {fields.length > 0 && (
        <dl>
          {fields.map(([name, value]) => (
            <div key={name} className="pair">
              <dt>{displayText(name)}</dt>
              <dd>{displayText(value)}</dd>
            </div>
          ))}
        </dl>
      )}
      <p className="actions settling">
        <button type="button" className="main" onClick={() => void goOn()}>
          Go on
        </button>
        <a className="button quiet" href="/">
          Leave it
        </a>
      </p>
    </section>
  )
}

function lastWords(messages: readonly UIMessage[]): string {
  const said = messages.findLast(({ role }) => role === 'user')?.parts ?? []
  return said.map((part) => (part.type === 'text' ? part.text : '')).join('')
}
