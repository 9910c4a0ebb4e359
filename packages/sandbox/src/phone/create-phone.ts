import { displayText } from '@behalf/core/interrupts'
import { type AuthorizationServerControls, TestingError } from '@behalf/testing'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { getCookie, setCookie } from 'hono/cookie'
import { questionName } from '../authorization-server/index.ts'
import type { EventHub, SandboxEvent } from '../events/index.ts'
import { isSameOrigin } from '../http/request-origin.ts'
import { atStart, notePage, type PageSessions, type Quote, streamChanges } from '../pages/index.ts'
import { phonePage } from './phone-page.ts'
import type { QuestionBook } from './question-book.ts'

export interface PhoneOptions {
  readonly origin: string
  readonly controls: Pick<AuthorizationServerControls, 'pendingRequests' | 'approve' | 'deny'>
  readonly events: EventHub
  readonly book: QuestionBook
  /** `undefined`: there is no user of this name. */
  readonly nameOf: (subject: string) => string | undefined
  readonly quote: Quote
  readonly sessions: PageSessions
}

/** The phones of all users. */
export interface Phone {
  handle(request: Request): Promise<Response>
  /** Returns a link that opens a user's phone in a browser. Anyone who has it can answer for that user. */
  urlOf(subject: string): string
}

/** Messages that a redirect may select. */
const SAID: Readonly<Record<string, string>> = {
  approved: 'You approved it.',
  denied: 'You denied it.',
  gone: 'This request is no longer open: it was answered, or it expired.',
}

/**
 * Makes the phones: a page for each user, behind that user's own session.
 *
 * An answer counts with the session's cookie, from a page of this origin, with the session's token, and for a question
 * to this very user. Nothing changes by a GET.
 */
export function createPhone({ origin, controls, events, book, nameOf, quote, sessions }: PhoneOptions): Phone {
  // Cookies know no ports, and another sandbox may have phones on the same host.
  const cookie = `phone_${new URL(origin).port}`
  const startOf = (subject: string) => `/phones/${encodeURIComponent(subject)}`
  const pathOf = (subject: string) => sessions.pathOf(subject, startOf(subject))
  const app = new Hono()
  const closed = () =>
    notePage(
      'This phone is locked',
      'Open the link of this user: the sandbox printed it in its terminal, and sandbox.phone.urlOf() returns it. It sets a cookie, which a program must send too.',
      401,
    )
  const held = (context: Context, subject: string): string | undefined => {
    const session = getCookie(context, cookie)
    return nameOf(subject) !== undefined && sessions.isPaired(subject, session) ? session : undefined
  }

  app.get('/', () =>
    notePage(
      'Behalf Sandbox',
      'Each user has a phone, and you have a console. The links are printed in the terminal where the sandbox runs.',
      200,
    ),
  )
  app.get('/phones/:subject', async (context) => {
    const subject = context.req.param('subject')
    const key = context.req.query('key')
    if (key !== undefined) {
      const session = nameOf(subject) === undefined ? undefined : sessions.pair(subject, key)
      if (session === undefined) return closed()
      setCookie(context, cookie, session, { path: pathOf(subject), httpOnly: true, sameSite: 'Lax' })
      return context.redirect(pathOf(subject), 303)
    }
    const session = held(context, subject)
    if (session === undefined) return closed()
    const word = context.req.query('said') ?? ''
    const said = Object.hasOwn(SAID, word) ? SAID[word] : undefined
    const pending = await controls.pendingRequests(subject)
    const asked = book.of(subject, new Set(pending.map(({ authReqId }) => questionName(authReqId))))
    return phonePage({
      subject,
      path: pathOf(subject),
      name: nameOf(subject) ?? subject,
      csrf: sessions.csrfOf(session),
      ...asked,
      quote,
      said,
    })
  })
  app.get('/phones/:subject/events', (context) => {
    const subject = context.req.param('subject')
    return held(context, subject) === undefined
      ? closed()
      : streamChanges(events, (event) => wordsOf(event, subject), context.req.raw.signal)
  })
  app.post('/phones/:subject/answers', bodyLimit({ maxSize: 4096 }), async (context) => {
    const subject = context.req.param('subject')
    const session = held(context, subject)
    if (session === undefined) return closed()
    const form = new URLSearchParams(await context.req.text())
    const isSame = isSameOrigin(context.req.raw.headers, origin)
    if (!isSame || !sessions.isCsrf(session, form.get('csrf') ?? '')) {
      const missing = isSame ? 'the field csrf of its page' : `the header Origin: ${origin}`
      const text = `This answer did not come from the phone itself, so it does not count. It lacks ${missing}.`
      return notePage('Not answered', text, 403)
    }
    const answer = form.get('answer')
    if (answer !== 'approve' && answer !== 'deny') return notePage('Not answered', 'Approve, or deny.', 400)
    const said = await settle(controls, subject, form.get('question') ?? '', answer)
    return context.redirect(`${pathOf(subject)}?said=${said}`, 303)
  })
  app.notFound(() => notePage('Nothing is here', 'There is no such page.', 404))
  return {
    handle: async (request) => app.fetch(atStart(request)),
    urlOf: (subject) => `${origin}${startOf(subject)}?key=${sessions.keyOf(subject)}`,
  }
}

/** Answers a question of this user. A question of another user is not open here. */
async function settle(
  controls: PhoneOptions['controls'],
  subject: string,
  question: string,
  answer: 'approve' | 'deny',
): Promise<'approved' | 'denied' | 'gone'> {
  const open = await controls.pendingRequests(subject)
  const asked = open.find(({ authReqId }) => questionName(authReqId) === question)
  if (asked === undefined) return 'gone'
  try {
    await controls[answer](asked.authReqId)
  } catch (error) {
    // Another browser of this user, or a control, answered first.
    if (error instanceof TestingError) return 'gone'
    throw error
  }
  return answer === 'approve' ? 'approved' : 'denied'
}

function wordsOf(event: SandboxEvent, subject: string): string | undefined {
  if (event.type !== 'asked' && event.type !== 'answered') return undefined
  if (event.subject !== subject) return undefined
  const what = displayText(event.message ?? 'a request without a message')
  return event.type === 'asked' ? `New request: ${what}` : `${what}: ${event.answer}`
}
