import type { ServerStorage } from '../data/index.ts'
import type { AskedEvent, EventHub, SandboxEvent } from '../events/index.ts'

/** A question, and its outcome. */
export interface BookedQuestion extends Omit<AskedEvent, 'type' | 'at'> {
  /** Time of the question, in epoch milliseconds. */
  readonly askedAt: number
  readonly answer?: 'approved' | 'denied' | 'expired'
  /** Time of the answer, in epoch milliseconds. */
  readonly answeredAt?: number
}

/** Questions on the phones. */
export interface QuestionBook {
  /**
   * Returns the questions of a user, newest first, open and closed.
   * @param openNow - Questions that the server itself says are open: the server decides.
   */
  of(
    subject: string,
    openNow: ReadonlySet<string>,
  ): {
    readonly open: readonly BookedQuestion[]
    readonly history: readonly BookedQuestion[]
  }
}

const NAME = 'questions'
/** Maximum number of questions that a phone remembers, for all users together. */
const MOST = 200

/** Maintains the book by the servers' events. Open it before they start, so that no event is missed. */
export function openQuestionBook(events: EventHub, shelf?: ServerStorage): QuestionBook {
  const questions = new Map<string, BookedQuestion>()
  for (const kept of (shelf?.read(NAME) ?? []) as readonly BookedQuestion[]) questions.set(kept.question, kept)
  const write = () => {
    while (questions.size > MOST) questions.delete(questions.keys().next().value as string)
    shelf?.write(NAME, [...questions.values()])
  }
  events.listen((event) => {
    if (!note(questions, event)) return
    write()
  })
  return {
    of(subject, openNow) {
      const all = [...questions.values()].filter((one) => one.subject === subject).reverse()
      const isOpen = ({ question, answer }: BookedQuestion) => answer === undefined && openNow.has(question)
      return { open: all.filter(isOpen), history: all.filter((one) => !isOpen(one)).map(ended) }
    },
  }
}

/** Returns an unanswered question as ended: it expired, or the server forgot it. */
function ended(one: BookedQuestion): BookedQuestion {
  return one.answer === undefined
    ? { ...one, answer: 'expired', answeredAt: Math.min(Date.now(), one.expiresAt * 1000) }
    : one
}

function note(questions: Map<string, BookedQuestion>, event: SandboxEvent): boolean {
  if (event.type === 'asked') {
    const { type: _type, at, ...asked } = event
    questions.set(event.question, { ...asked, askedAt: at })
    return true
  }
  const asked = event.type === 'answered' ? questions.get(event.question) : undefined
  if (event.type !== 'answered' || asked === undefined) return false
  questions.set(event.question, { ...asked, answer: event.answer, answeredAt: event.at })
  return true
}
