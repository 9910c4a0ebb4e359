import type { AuditEvent, Fault, Trace } from '@behalf/core'
import type { ApprovalEvent, CallEvent, TokenEvent } from '@behalf/core/audit'
import type { ScopeReport } from '@behalf/core/roles'
import { html } from 'hono/html'
import type { SandboxEvent } from '../events/index.ts'
import { type Markup, timeOf } from '../pages/index.ts'
import type { BookedCall } from './call-book.ts'
import { list, shown } from './console-view.ts'
import { feedOf } from './feed.ts'
import { isNo, linesOfReason, refusedChecks } from './refused-checks.ts'
import { remedyOf } from './remedies.ts'
import { decisiveStep, isOpen, lastRefusal, verdictOf } from './verdict-of-call.ts'

type TraceStep = Trace['steps'][number]
type Explanation = NonNullable<TraceStep['explanations']>[number]

/** Explains which table lacks a scope. `undefined`: the user is not of this sandbox. */
export type ExplainRoles = (asked: {
  readonly issuer: string
  readonly subject: string
  readonly scopes: readonly string[]
}) => ScopeReport | undefined

export interface Around {
  /** Events of the servers during the call, oldest first. */
  readonly seen: readonly SandboxEvent[]
  /** Faults that the guard handled in this call. */
  readonly faults: readonly Fault[]
  readonly explain: ExplainRoles
}

/** Shows one call: why it ended as it did, its steps, its question, its tokens. */
export function callDetail(call: BookedCall, { seen, faults, explain }: Around): Markup {
  const { last } = verdictOf(call)
  const tokens = call.events.filter((event): event is TokenEvent => event.type === 'token')
  const questions = call.events.filter((event): event is ApprovalEvent => event.type === 'approval')
  const raw = call.events.filter((event) => event.type === 'raw_token')
  return html`${headOf(call)}
${last === undefined ? '' : reasonOf(call, last, { seen, explain })}
${faults.length > 0 ? section('faults', 'Faults', html`<ul class="plain">${faults.map(faultLine)}</ul>`) : ''}
${questions.length > 0 ? questionOf(questions) : ''}
${tokens.length + raw.length > 0 ? section('tokens', 'Tokens', html`<ul class="plain">${tokens.map(tokenLine)}${raw.map(({ credential }) => html`<li>The body read the raw token of <code>${shown(credential)}</code>.</li>`)}</ul>`) : ''}
${last === undefined ? '' : stepsOf(last)}
${call.tries > 1 ? triesOf(call) : ''}
${section('seen', 'Requests and events meanwhile', seen.length > 0 ? feedOf(seen) : html`<p class="quiet">No request of this user was seen.</p>`)}`
}

function section(id: string, title: string, body: Markup): Markup {
  return html`<section aria-labelledby="h-${id}"><h3 id="h-${id}">${title}</h3>${body}</section>`
}

function headOf(call: BookedCall): Markup {
  const verdict = verdictOf(call)
  const { word, tone, last } = verdict
  const actors = actorsOf(call.events)
  const code = last?.status === 'denied' && !isOpen(verdict) ? last.code : undefined
  return html`<h2 id="about" class="big" tabindex="-1"><code>${shown(call.tool)}</code></h2>
<p><span class="tag ${tone}">${word}</span>${code === undefined ? '' : html` <code class="code">${shown(code)}</code>`}</p>
<dl><dt>For</dt><dd>${call.user === undefined ? 'no verified user' : shown(call.user)}</dd>
<dt>Agent</dt><dd>${shown(call.agent)}${actors.length > 0 ? html`<span class="quiet">, as ${list(actors)}</span>` : ''}</dd>
<dt>Time</dt><dd>${timeOf(call.startedAt)}${last === undefined ? '' : html`<span class="quiet">, ${isOpen(verdict) ? 'so far' : 'took'} ${durationOf(call.lastAt - call.startedAt)}${last.phase === 'preflight' ? ', only checked' : ''}</span>`}</dd></dl>`
}

function actorsOf(events: readonly AuditEvent[]): readonly string[] {
  const names: string[] = []
  for (let actor = events.at(-1)?.principal?.actor; actor !== undefined; actor = actor.actor) names.push(actor.subject)
  return names
}

/** Says why a call did not end well, and what to do. */
function reasonOf(call: BookedCall, last: CallEvent, { seen, explain }: Pick<Around, 'seen' | 'explain'>): Markup {
  const { word, tone } = verdictOf(call)
  const remedy = ['done', 'approved', 'running'].includes(word) ? undefined : remedyOf(last, call.tool, seen)
  if (remedy === undefined) return html``
  const step = decisiveStep(last)
  const { issuer = '', user: subject = '' } = call
  const report = explain({ issuer, subject, scopes: lackingIn(step?.detail ?? '') })
  return html`<section class="reason ${tone}" aria-labelledby="h-why"><h3 id="h-why">Why</h3>
<p>${remedy.means}</p>${whyLines(call, last, seen)}${report === undefined || report.allowed ? '' : tablesOf(report)}
<h3>What to do</h3><ul>${remedy.todo.map((line) => html`<li>${shown(line)}</li>`)}</ul>
${remedy.code === undefined ? '' : html`<details id="more-code"><summary>Explain it in your app</summary><pre tabindex="0">${remedy.code}</pre></details>`}</section>`
}

/** Scopes that a step says are not within a table. */
const lackingIn = (detail: string): readonly string[] =>
  detail.split('; ').flatMap((part) => /: ([\w:./-]{1,200}) is not within /.exec(part)?.[1] ?? [])

const MARKS = { allows: 'yes', lacks: 'no', absent: '' } as const

/**
 * Returns the scopes of each table. An app with other roles or another ceiling than the sandbox's has its own table.
 */
function tablesOf({ scopes }: ScopeReport): Markup {
  return html`<h3>With the roles and the ceiling of the sandbox</h3>${scopes.map(
    ({ scope, reasons }) =>
      html`<p><code>${shown(scope)}</code></p><ul class="lines">${reasons.map(
        ({ source, verdict, detail }) =>
          html`<li class="${MARKS[verdict]}">${shown(`${source.replace('_', ' ')}: ${detail}`)}</li>`,
      )}</ul>`,
  )}`
}

/** The parts of a step's detail, one a line. An answer gets a mark. */
function linesOf(detail: string): Markup {
  const lines = detail.split('; ')
  return html`<ul class="lines">${lines.map((line) => html`<li class="${markOf(line)}">${shown(line)}</li>`)}</ul>`
}

/** The lines of the step that decided. If the body threw, each step let the call pass: its last refused request. */
function whyLines(call: BookedCall, last: CallEvent, seen: readonly SandboxEvent[]): Markup {
  const step = last.status === 'threw' ? { detail: lastRefusal(call, seen) } : decisiveStep(last)
  return step === undefined || step.detail === '' ? html`` : decidingLines(step, seen)
}

/** The lines of the step that decided, with the reason of each no below it. */
function decidingLines(step: Pick<TraceStep, 'detail' | 'at'>, seen: readonly SandboxEvent[]): Markup {
  const refused = refusedChecks(step, seen)
  const lines = step.detail.split('; ').map((line) => {
    const check = refused.find(({ question }) => line.startsWith(`${question}: no`))
    if (check === undefined || check.reason === '') return html`<li class="${markOf(line)}">${shown(line)}</li>`
    const reasons = linesOfReason(check.reason).map((reason) => html`<li>${shown(reason)}</li>`)
    return html`<li class="no">${shown(`${check.question}: no`)}<ul class="lines">${reasons}</ul></li>`
  })
  return html`<ul class="lines">${lines}</ul>`
}

function markOf(line: string): string {
  if (/: yes$/.test(line)) return 'yes'
  return isNo(line) || line.includes('is not within') ? 'no' : ''
}

const VERDICTS = {
  passed: ['✓', 'passed', 'good'],
  denied: ['✗', 'denied', 'bad'],
  interrupted: ['…', 'waits', 'warn'],
  unavailable: ['!', 'unavailable', 'warn'],
  would_deny: ['✗', 'would deny', 'warn'],
} as const

function stepsOf({ trace }: CallEvent): Markup {
  const items = trace.steps.map((step, index) => stepOf(step, index, trace.startedAt))
  return section(
    'steps',
    'Trace',
    items.length > 0 ? html`<ol class="steps">${items}</ol>` : html`<p class="quiet">No step was needed.</p>`,
  )
}

function stepOf(
  { step, verdict, detail, stack, explanations = [], at }: TraceStep,
  index: number,
  startedAt: number | undefined,
): Markup {
  const [mark, word, tone] = VERDICTS[verdict]
  const after = at === undefined || startedAt === undefined ? '' : `${Math.max(0, at - startedAt)} ms`
  return html`<li><span class="mark ${tone}" role="img" aria-label="${word}">${mark}</span><strong>${shown(step)}</strong>
<div class="what">${linesOf(detail)}${explanations.length > 0 ? html`<details id="why-${index}"><summary>Relations that decided</summary>${explanations.map(treeOf)}</details>` : ''}
${stackOf(`stack-${index}`, stack)}</div>
<span class="quiet">${after}</span></li>`
}

const stackOf = (name: string, stack: string | undefined): Markup =>
  stack === undefined
    ? html``
    : html`<details id="${name}"><summary>Stack</summary><pre tabindex="0">${stack.split('\n').map((line) => html`${shown(line.trim())}\n`)}</pre></details>`

function faultLine({ kind, step, rule, message, stack }: Fault, index: number): Markup {
  return html`<li><p><code>${shown(rule ?? step)}</code> <span class="bad">${kind.replaceAll('_', ' ')}</span></p><p>${shown(message)}</p>${stackOf(`fault-${index}`, stack)}</li>`
}

function treeOf({ subject, verdict, reason, children }: Explanation): Markup {
  const mark = verdict === 'allowed' ? 'yes' : verdict === 'denied' ? 'no' : ''
  return html`<ul class="lines"><li class="${mark}">${shown(subject)}${reason === undefined ? '' : html` <span class="quiet">${shown(reason)}</span>`}${children.map(treeOf)}</li></ul>`
}

const STATES: Readonly<Record<string, string>> = {
  requested: 'to be sent',
  pending: 'asked',
  completed: 'done',
  threw: 'failed',
  crashed: 'in doubt',
}

function questionOf(questions: readonly ApprovalEvent[]): Markup {
  const latest = questions.at(-1)
  const approver = questions.findLast((event) => event.approver !== undefined)?.approver
  const isOfServer = latest?.enforcedBy === 'server'
  return section(
    'question',
    'Question and answer',
    html`<p class="question">“${shown(latest?.message ?? 'A request without a message')}”</p>
<p class="quiet">To ${approver === undefined ? 'a person' : shown(approver.subject ?? 'a person')}. ${isOfServer ? 'The API checks the approval in its token.' : 'The guard checks the approval.'}</p>
<ol class="states">${questions.map(({ state, at }) => html`<li><time>${timeOf(at)}</time> ${shown(STATES[state] ?? state)}</li>`)}</ol>`,
  )
}

const SOURCES = { exchange: 'exchanged', vault: 'from the vault', approval: 'from the approval' } as const

function tokenLine({ source, audience, scopes, semantics, actor, expiresAt, startedAt, at }: TokenEvent): Markup {
  const lives =
    expiresAt === undefined
      ? 'lifetime unknown'
      : `lives ${durationOf(expiresAt * 1000 - (startedAt ?? at))}, until ${timeOf(expiresAt * 1000)}`
  const names =
    actor === undefined
      ? semantics === 'impersonation'
        ? ', names no actor'
        : ''
      : html`, actor <code>${shown(actor.subject)}</code>`
  return html`<li><p>${scopes.length > 0 ? list(scopes) : 'no scopes'} <span class="quiet">for</span> <code>${shown(audience)}</code></p><p class="quiet">${SOURCES[source]} at ${timeOf(at)}, ${lives}${names}</p></li>`
}

function triesOf({ tries, events }: BookedCall): Markup {
  const kept = events.filter((event) => event.type === 'call')
  return html`<details id="more-tries"><summary>${tries} tries</summary><ol class="states">${kept.map(
    (event) =>
      html`<li><time>${timeOf(event.at)}</time> ${event.type === 'call' ? shown(event.code ?? event.status) : ''}</li>`,
  )}</ol></details>`
}

function durationOf(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.max(0, Math.round(milliseconds))} ms`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`
}
