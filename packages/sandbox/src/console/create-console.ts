import type { AuditSink, Fault } from '@behalf/core'
import { Hono } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { EventHub, RequestFacts, SandboxEvent } from '../events/index.ts'
import { boundedJson, isFromProgram } from '../http/request-origin.ts'
import { atStart, notePage, type PageSessions, streamChanges } from '../pages/index.ts'
import { openCallBook } from './call-book.ts'
import type { ExplainRoles } from './call-detail.ts'
import { consolePage } from './console-page.ts'
import { readReport } from './guard-report.ts'
import { hideSecrets } from './hide-secrets.ts'

export interface ConsoleOptions {
  readonly origin: string
  readonly events: EventHub
  readonly sessions: PageSessions
  /** Texts that open something at this sandbox. No page shows them. */
  readonly secrets: readonly string[]
  readonly explainRoles: ExplainRoles
}

/** Addresses and key for reports of guards. */
export interface GuardReporters {
  readonly audit: AuditSink
  readonly onFault: (fault: Fault) => void
  readonly onRequest: (request: RequestFacts) => void
}

/** The developer's page: each guarded call, and the requests that the servers received. */
export interface Console {
  /** Answers a request. `undefined` if the path is not the console's. */
  handle(request: Request): Promise<Response | undefined>
  /** A link that opens the console in a browser. Anyone who has it sees the calls of all users. */
  readonly url: string
  /** Receive what guards of this process report. */
  readonly reporters: GuardReporters
}

/** Name of the console among the pages. No user can have it: it has a slash. */
const PAGE = '/console'
const REPORTS = '/console/reports'

/** Maximum size of a report, in characters of JSON. A trace with explanations of relations is the longest. */
const MAX_REPORT = 262_144

/** Returns the key with which a guard of another process reports. It opens nothing else. */
export const reportsOf = (origin: string, sessions: PageSessions): { readonly url: string; readonly key: string } => ({
  url: `${origin}${REPORTS}`,
  key: sessions.keyOf(REPORTS),
})

/**
 * Makes the console. A browser needs the session that its link starts; a guard needs the key of the reports. Neither
 * changes anything at the servers, and neither shows or takes a token.
 */
export function createConsole({ origin, events, sessions, secrets, explainRoles }: ConsoleOptions): Console {
  const reports = reportsOf(origin, sessions)
  const hide = hideSecrets([...secrets, sessions.keyOf(PAGE)])
  const book = openCallBook(events, hide)
  const record = (given: unknown): boolean => {
    const report = readReport(given, hide)
    if (report !== undefined) events.emit(report)
    return report !== undefined
  }
  // Cookies know no ports, and another sandbox may have a console on the same host.
  const cookie = `console_${new URL(origin).port}`
  const path = sessions.pathOf(PAGE, PAGE)
  const app = new Hono()
  const closed = () => notePage('The console is locked', 'Open the link that the sandbox printed in its terminal.', 401)

  app.post(REPORTS, async (context) => {
    if (!isFromProgram(context.req.raw, reports.key)) return context.json({ error: 'not allowed' }, 403)
    const isTaken = record(await boundedJson(context.req.raw, MAX_REPORT))
    return isTaken ? context.body(null, 204) : context.json({ error: 'not a report of a guard' }, 400)
  })
  app.get(PAGE, async (context) => {
    const key = context.req.query('key')
    if (key !== undefined) {
      const session = sessions.pair(PAGE, key)
      if (session === undefined) return closed()
      setCookie(context, cookie, session, { path, httpOnly: true, sameSite: 'Lax' })
      return context.redirect(path, 303)
    }
    if (!sessions.isPaired(PAGE, getCookie(context, cookie))) return closed()
    const chosen = (name: string) => context.req.query(name) || undefined
    return consolePage(book, { call: chosen('call'), user: chosen('user'), tool: chosen('tool') }, explainRoles)
  })
  app.get(`${PAGE}/events`, (context) =>
    sessions.isPaired(PAGE, getCookie(context, cookie))
      ? streamChanges(events, wordsOf, context.req.raw.signal)
      : closed(),
  )
  app.notFound(() => notePage('Nothing is here', 'There is no such page.', 404))
  return {
    async handle(request) {
      const { pathname } = new URL(request.url)
      return pathname === PAGE || pathname.startsWith(`${PAGE}/`) ? app.fetch(atStart(request)) : undefined
    },
    url: `${origin}${PAGE}?key=${sessions.keyOf(PAGE)}`,
    reporters: {
      audit: { write: (event) => void record(event) },
      onFault: (fault) => void record(fault),
      onRequest: (request) => void record(request),
    },
  }
}

/** Returns the words for a screen reader. Each event changes the page, but only ended calls are announced. */
function wordsOf(event: SandboxEvent): string {
  if (event.type !== 'audited' || event.event.type !== 'call' || event.event.status === 'interrupted') return ''
  const { tool, principal, status } = event.event
  return `${tool} for ${principal?.subject ?? 'no user'}: ${status}`
}
