import { html } from 'hono/html'
import { type SandboxEvent, wordsOfEvent } from '../events/index.ts'
import { type Markup, timeOf } from '../pages/index.ts'
import { shown } from './console-view.ts'

/** Maximum number of events in one list. */
const SHOWN = 120
const MAX_WORDS = 1000

/** Returns a list of what the servers saw, in the order given. */
export function feedOf(events: readonly SandboxEvent[]): Markup {
  return html`<ol class="feed">${events.slice(0, SHOWN).map(line)}</ol>`
}

function line(event: SandboxEvent): Markup {
  const [label, words] = wordsOfEvent(event)
  // A client may send a long message, and long details.
  const text = words.length > MAX_WORDS ? `${words.slice(0, MAX_WORDS)}…` : words
  return html`<li><time>${timeOf(event.at)}</time><span class="label ${toneOf(event)}">${label}</span><span>${shown(text)}</span></li>`
}

function toneOf(event: SandboxEvent): 'good' | 'bad' | 'warn' | 'quiet' {
  switch (event.type) {
    case 'refused':
    case 'guard_fault':
      return 'bad'
    case 'fault':
    case 'asked':
      return 'warn'
    case 'answered':
      return event.answer === 'approved' ? 'good' : 'bad'
    case 'checked':
      return event.allowed ? 'good' : 'bad'
    case 'api':
    case 'request':
      return (event.status ?? 500) < 400 ? 'good' : 'bad'
    case 'audited':
      return event.event.type === 'operator' ? 'warn' : 'quiet'
    default:
      return 'quiet'
  }
}
