import { displayText } from '@behalf/core/interrupts'
import type { MockUser } from '@behalf/testing'
import { html } from 'hono/html'
import { type DetailLine, initials, type Markup } from '../../pages/index.ts'

export interface AskedBy {
  /** Title of the page's owner. */
  readonly title: string
  /** The client's name, with its id, since any client may give itself a name. */
  readonly client: string
  /** Proves that the form was shown by this page. */
  readonly csrf: string
}

/** Lists the users to choose from. There are no passwords: any person at this machine may be any user. */
export function loginBody({ title, client, csrf }: AskedBy, users: readonly MockUser[]): Markup {
  return html`<header><h1>Sign in to ${title}</h1></header>
<main>
<p>Continue to <strong>${displayText(client)}</strong> as</p>
<form method="post">
<input type="hidden" name="csrf" value="${csrf}">
${users.map(
  ({ subject, name = subject, email }) => html`<button class="person" name="subject" value="${subject}">
<span class="face" aria-hidden="true">${displayText(initials(name))}</span>
<span>${displayText(name)}<small>${displayText(email ?? subject)}</small></span></button>`,
)}
</form>
<p class="quiet">A sandbox on this machine: there are no passwords.</p>
</main>`
}

/** Content of a consent page. */
export interface Asked {
  readonly name: string
  readonly scopes: readonly string[]
  readonly audience: string
  /** Each of the authorization details, in lines. */
  readonly details: readonly (readonly DetailLine[])[]
}

/** Returns a page with the client's requested rights, in words that a person knows. */
export function consentBody({ title, client, csrf }: AskedBy, { name, scopes, audience, details }: Asked): Markup {
  return html`<header><h1>${title}</h1></header>
<main>
<div class="card">
<h2 class="big">Connect your account?</h2>
<p><strong>${displayText(client)}</strong> asks for access to the account of <strong>${displayText(name)}</strong>.</p>
<ul class="scopes">${scopes.map((scope) => html`<li>${displayText(inWords(scope))} <span class="quiet"><code>${displayText(scope)}</code></span></li>`)}</ul>
${details.map((lines) => html`<dl>${lines.map(({ label, text }) => html`<dt>${label}</dt><dd>${text}</dd>`)}</dl>`)}
${audience === '' ? '' : html`<p class="quiet">At <code>${displayText(audience)}</code></p>`}
<form method="post" class="answers">
<input type="hidden" name="csrf" value="${csrf}">
<button name="answer" value="no">Cancel</button>
<button class="main" name="answer" value="yes">Allow</button>
</form>
</div>
<p class="quiet">You can end this at any time: <code>fault revoke</code> in the sandbox's terminal.</p>
</main>`
}

const KNOWN: Readonly<Record<string, string>> = {
  openid: 'Know who you are',
  profile: 'See your name',
  email: 'See your e-mail address',
  offline_access: 'Stay connected while you are away',
  'portfolio:read': 'See your portfolio and orders',
  'trade:write': 'Place orders that you have approved',
  'trade:small': 'Place small orders without asking',
}

function inWords(scope: string): string {
  if (KNOWN[scope] !== undefined) return KNOWN[scope]
  const text = scope.replaceAll(/[:._/-]+/g, ' ').trim()
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** Returns a page with a problem that no client can get. */
export function problemBody(title: string, reason: string): Markup {
  return html`<header><h1>${title}</h1></header><main><div class="card"><h2 class="big">This did not work</h2><p>${reason}</p></div></main>`
}
