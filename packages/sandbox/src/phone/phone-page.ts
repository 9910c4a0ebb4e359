import { displayText } from '@behalf/core/interrupts'
import { html } from 'hono/html'
import { type DetailLine, describeDetails, type Markup, page, type Quote, timeOf } from '../pages/index.ts'
import { phoneScript } from './phone-script.ts'
import type { BookedQuestion } from './question-book.ts'

export interface PhoneView {
  readonly subject: string
  /** Path of the page in the browser. */
  readonly path: string
  readonly name: string
  readonly csrf: string
  readonly open: readonly BookedQuestion[]
  readonly history: readonly BookedQuestion[]
  readonly quote: Quote
  /** Message about the last action, if there is one. */
  readonly said?: string | undefined
}

/** Maximum number of past questions on a page. */
const SHOWN = 20

/** Returns the page of one user's phone. */
export async function phonePage(view: PhoneView): Promise<Response> {
  const { open } = view
  const history = view.history.slice(0, SHOWN)
  const cards = await Promise.all(open.map((question) => card(view, question)))
  const whose = `${displayText(view.name.split(' ')[0] ?? view.name)}’s phone`
  const body = html`<header><h1>${whose}</h1><span class="live" id="live">Not live</span></header>
<main>
<div class="said" role="status" id="said"></div>
<div id="content">
${view.said === undefined ? '' : html`<p class="notice" role="status">${view.said}</p>`}
<section aria-labelledby="waiting">
<h2 id="waiting" tabindex="-1">Waiting for your approval</h2>
${cards.length > 0 ? cards : html`<div class="card empty"><p>No open requests.</p><p class="quiet">Requests of your agents appear here.</p></div>`}
</section>
${history.length > 0 ? historyOf(history) : ''}
</div>
</main>`
  return page({ title: open.length > 0 ? `(${open.length}) ${whose}` : whose, body, script: phoneScript })
}

async function card({ name, subject, path, csrf, quote }: PhoneView, question: BookedQuestion): Promise<Markup> {
  const { question: id, clientId, agent, message, authorizationDetails = [], scopes, audience, expiresAt } = question
  const details = await Promise.all(authorizationDetails.map((detail) => describeDetails(detail, quote)))
  const who = agent === undefined ? displayText(clientId) : `${displayText(agent)} (${displayText(clientId)})`
  const left = Math.max(0, Math.ceil(expiresAt - Date.now() / 1000))
  return html`<article class="card" aria-labelledby="q-${id}">
<p class="left"><span>Asks for your approval</span><span><time data-expires="${expiresAt}">${clock(left)}</time> left</span></p>
<h3 class="big" id="q-${id}"><bdi>${displayText(message ?? 'A request without a message')}</bdi></h3>
<dl><dt>Asked by</dt><dd><bdi>${who}</bdi></dd><dt>For</dt><dd><bdi>${displayText(name)}</bdi> <span class="quiet">(${displayText(subject)})</span></dd>
${details.flat().map(line)}</dl>
<form method="post" action="${path}/answers" class="answers">
<input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="question" value="${id}">
<button data-answer="deny ${id}" name="answer" value="deny" aria-describedby="q-${id}">Deny</button>
<button data-answer="approve ${id}" class="main" name="answer" value="approve" aria-describedby="q-${id}">Approve</button>
</form>
<details id="more-${id}"><summary>Permissions if approved</summary>
<dl><dt>Scopes</dt><dd><code>${scopes.map((scope) => displayText(scope)).join(' ')}</code></dd>
<dt>At</dt><dd><code>${audience.length > 0 ? audience.map((api) => displayText(api)).join(' ') : 'no API'}</code></dd></dl></details>
</article>`
}

function line({ label, text }: DetailLine): Markup {
  return html`<dt><bdi>${label}</bdi></dt><dd><bdi>${text}</bdi></dd>`
}

const VERDICTS = { approved: 'Approved', denied: 'Denied', expired: 'Expired' } as const

function historyOf(history: readonly BookedQuestion[]): Markup {
  return html`<section aria-labelledby="earlier"><h2 id="earlier">Earlier</h2><ul class="history card">${history.map(
    ({ message, clientId, answer = 'expired', answeredAt = 0 }) => html`<li><div class="row">
<span><bdi>${displayText(message ?? 'A request without a message')}</bdi></span><span class="verdict ${answer}">${VERDICTS[answer]}</span></div>
<div class="row quiet"><span>${displayText(clientId)}</span><time datetime="${new Date(answeredAt).toISOString()}">${timeOf(answeredAt)}</time></div></li>`,
  )}</ul></section>`
}

const clock = (seconds: number): string => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
