import type { Fault } from '@behalf/core'
import { displayText } from '@behalf/core/interrupts'
import { html } from 'hono/html'
import type { SandboxEvent } from '../events/index.ts'
import { type Markup, page, timeOf } from '../pages/index.ts'
import { type BookedCall, type CallBook, MOST_CALLS } from './call-book.ts'
import { callDetail, type ExplainRoles } from './call-detail.ts'
import { consoleScript } from './console-script.ts'
import { consoleStyle } from './console-style.ts'
import { addressOf, type Choice, isAbout, isChosen, shown } from './console-view.ts'
import { feedOf } from './feed.ts'
import { isOpen, lastRefusal, verdictOf } from './verdict-of-call.ts'

/**
 * Time before and after a call, in milliseconds, in which events of servers belong to it: clocks show whole
 * milliseconds.
 */
const AROUND_MS = 20

/** Returns the page: the calls, and beside them one call or what the servers see. */
export async function consolePage(book: CallBook, choice: Choice, explain: ExplainRoles): Promise<Response> {
  const all = book.calls()
  const calls = all.filter((call) => isChosen(call, choice))
  const body = html`<header><h1>Console</h1><span class="live" id="live">Not live</span></header>
<main class="${choice.call === undefined ? '' : 'opened'}" id="main">
<div class="said" role="status" id="said"></div>
<section class="calls" aria-labelledby="h-calls">
<div class="bar" id="bar"><h2 id="h-calls">Calls</h2>${filtersOf(all, choice)}</div>
<div id="list">${listOf(book, calls, all.length > 0, choice)}</div>
</section>
<section class="detail" id="detail" tabindex="0" aria-labelledby="about">${detailOf(book, choice, explain)}</section>
</main>`
  return page({ title: 'Console', body, script: consoleScript, look: consoleStyle })
}

function filtersOf(all: readonly BookedCall[], choice: Choice): Markup {
  const users = all.map(({ user }) => user ?? '')
  const tools = all.map(({ tool }) => tool)
  return html`<form method="get" id="filters">${choiceOf('user', 'User', users, choice.user)}${choiceOf('tool', 'Tool', tools, choice.tool)}
<noscript><button>Show</button></noscript></form>`
}

function choiceOf(name: string, label: string, values: readonly string[], chosen: string | undefined): Markup {
  const each = [...new Set([...values, ...(chosen === undefined ? [] : [chosen])])].filter(Boolean).sort()
  return html`<label>${label} <select name="${name}"><option value="">all</option>${each.map(
    (value) => html`<option value="${value}"${value === chosen ? html` selected` : ''}>${displayText(value)}</option>`,
  )}</select></label>`
}

function listOf(book: CallBook, calls: readonly BookedCall[], isFiltered: boolean, choice: Choice): Markup {
  if (calls.length > 0) return html`<ol class="rows">${calls.map((call) => rowOf(book, call, choice))}</ol>`
  if (isFiltered) return html`<div class="card empty"><p>No call of this user and tool.</p></div>`
  return html`<div class="card empty"><p>No call yet.</p>
<p class="quiet">Run <code>npx @behalf/sandbox try</code> in a second terminal, or give <code>createGuard</code> the settings that the sandbox prints: their <code>audit</code> reports each call here.</p></div>`
}

function rowOf(book: CallBook, call: BookedCall, choice: Choice): Markup {
  const { word, tone, reason: told } = verdictOf(call)
  const reason = word === 'failed' ? threwWords(lastRefusal(call, seenDuring(book, call))) : told
  const current = call.name === choice.call ? html` aria-current="true"` : ''
  return html`<li><a href="${addressOf({ ...choice, call: call.name })}" data-key="${call.name}"${current}>
<time>${timeOf(call.startedAt)}</time><span class="who">${call.user === undefined ? '–' : shown(call.user)}</span><code class="tool">${shown(call.tool)}</code>
<span class="tag ${tone}">${word}</span><span class="why">${reason === '' ? '' : shown(reason)}</span></a></li>`
}

const threwWords = (refusal: string): string => `the body of the tool threw${refusal === '' ? '' : `; ${refusal}`}`

function detailOf(book: CallBook, choice: Choice, explain: ExplainRoles): Markup {
  const { call: name, user } = choice
  const notices = book.notices().filter((event) => user === undefined || isAbout(event, user))
  if (name === undefined) {
    return html`<h2 id="about">Requests and events</h2>
${notices.length > 0 ? feedOf(notices) : html`<p class="quiet">No request yet.</p>`}`
  }
  const back = html`<p class="back"><a href="${addressOf({ ...choice, call: undefined })}" data-key="back">← All calls</a></p>`
  const call = book.find(name)
  if (call === undefined) {
    return html`${back}<h2 id="about" tabindex="-1">This call is gone</h2><p class="quiet">The console keeps the newest ${MOST_CALLS} calls, until the sandbox ends.</p>`
  }
  const faults = book
    .notices()
    .flatMap((event) => (event.type === 'guard_fault' && isOf(call, event.fault) ? event.fault : []))
  return html`${back}${callDetail(call, { seen: seenDuring(book, call), faults: faults.reverse(), explain })}`
}

/** Returns the events of the servers during a call that may concern its user, oldest first. */
const seenDuring = (book: CallBook, call: BookedCall): readonly SandboxEvent[] =>
  book
    .notices()
    .filter(
      (event) =>
        event.type !== 'guard_fault' &&
        isDuring(call, event.at) &&
        (call.user === undefined || isAbout(event, call.user)),
    )
    .reverse()

/** Returns whether a fault belongs to a call. A rule that threw is in the trace already. */
const isOf = ({ callIds }: BookedCall, { callId, kind }: Fault): boolean =>
  kind !== 'rule_threw' && callId !== undefined && callIds.includes(callId)

const isDuring = (call: BookedCall, at: number): boolean =>
  at >= call.startedAt - AROUND_MS && (at <= call.lastAt + AROUND_MS || isOpen(verdictOf(call)))
