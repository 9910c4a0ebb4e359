import type { UIMessage } from 'ai'
import type { Look } from '../src/look-at.ts'
import { type Sentences, ToolCard, type ToolPart } from './tool-card.tsx'

/** Shows the texts and calls of a message, in their order. */
export function Message({
  message,
  ...more
}: {
  readonly message: UIMessage
  readonly login: string
  readonly user: string | undefined
  readonly returnTo: string
  readonly look: Look | undefined
  readonly sentences: Sentences
  readonly cancel: (id: string) => Promise<void>
}) {
  const isUser = message.role === 'user'
  return (
    <article className={isUser ? 'message user' : 'message'} aria-label={isUser ? 'You' : 'Agent'}>
      {message.parts.map((part, index) => {
        // Parts are only ever added to.
        const key = `${message.id} ${index}`
        if (part.type === 'text')
          return part.text === '' ? null : (
            <p key={key} className="words">
              {part.text}
            </p>
          )
        return part.type.startsWith('tool-') ? <ToolCard key={key} part={part as ToolPart} {...more} /> : null
      })}
    </article>
  )
}
