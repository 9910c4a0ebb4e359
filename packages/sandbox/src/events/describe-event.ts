import type { AuditEvent } from '@behalf/core'
import type { CallEvent } from '@behalf/core/audit'
import { displayText } from '@behalf/core/interrupts'
import type { CheckedEvent, SandboxEvent, TokenFacts } from './sandbox-event.ts'

const NAMES = { app: "app's issuer", upstream: 'upstream', enterprise: "employer's issuer" } as const

/** Returns one line for an event. Events contain no token, so the line has none. */
export function describeEvent(event: SandboxEvent): string {
  const time = new Date(event.at).toLocaleTimeString('en-GB')
  const [label, text] = wordsOfEvent(event)
  return `${time}  ${label.padEnd(9)} ${displayText(text)}`
}

/** Returns a word and a sentence for an event, as the servers wrote them: `displayText` makes them safe to show. */
export function wordsOfEvent(event: SandboxEvent): readonly [label: string, text: string] {
  switch (event.type) {
    case 'asked': {
      const { clientId, agent, subject, message = '', expiresAt, scopes, audience } = event
      const who = agent === undefined ? clientId : `${agent} (${clientId})`
      const until = new Date(expiresAt * 1000).toLocaleTimeString('en-GB')
      return [
        'asked',
        `${who} asks ${subject}: “${message}”, ${scopes.join(' ')} for ${audience.join(' ')}, until ${until}`,
      ]
    }
    case 'answered':
      return [event.answer, `“${event.message ?? ''}” by ${event.answer === 'expired' ? 'no one' : event.subject}`]
    case 'token':
      return ['token', `${NAMES[event.issuer]}: ${event.grantType} by ${event.clientId}, ${wordsOfToken(event)}`]
    case 'refused': {
      const { endpoint, status, error = 'no reason', description } = event
      const why = description === undefined ? '' : `: ${description}`
      return ['refused', `${NAMES[event.issuer]}: ${endpoint} ${status} ${error}${why}`]
    }
    case 'signed_in':
      return ['signed in', `${event.subject} at the ${NAMES[event.issuer]}, for ${event.clientId}`]
    case 'consented':
      return ['connected', `${event.subject} lets ${event.clientId} have ${event.scopes.join(' ')}`]
    case 'declined':
      return ['declined', `${event.subject} gives ${event.clientId} nothing`]
    case 'api':
      return [
        'api',
        `${event.method} ${event.path} -> ${event.status}${event.token === undefined ? '' : `, ${wordsOfHolder(event.token)}`}`,
      ]
    case 'checked':
      return ['checked', `${event.user} ${event.relation} ${event.object}: ${wordsOfAnswer(event)}`]
    case 'fault':
      return ['fault', `${event.fault}: ${event.effect}`]
    case 'audited':
      return wordsOfAudit(event.event)
    case 'request': {
      const { method, url, status = 'no answer', token } = event
      return ['request', `${method} ${url} -> ${status}${token === undefined ? '' : `, ${wordsOfHolder(token)}`}`]
    }
    case 'guard_fault': {
      const { tool, step, rule, kind, message } = event.fault
      return ['failed', `${tool}: ${rule ?? step}: ${kind}: ${message}`]
    }
    default:
      return event satisfies never
  }
}

const wordsOfAnswer = ({ allowed, why }: CheckedEvent): string =>
  allowed ? 'yes' : why === undefined ? 'no' : `no (${why})`

function wordsOfToken({ subject, audience, scopes, actors, authorizationDetails: details }: TokenFacts): string {
  const of = details === undefined ? '' : `, for ${JSON.stringify(details)}`
  return `sub ${subject}, aud ${audience.join(' ')}, ${wordsOfScopes(scopes)}${wordsOfActors(actors)}${of}`
}

/** Omits the API's name and the approved details, which other events contain. */
const wordsOfHolder = ({ subject, scopes, actors }: TokenFacts): string =>
  `sub ${subject}, ${wordsOfScopes(scopes)}${wordsOfActors(actors)}`

const wordsOfScopes = (scopes: readonly string[]): string =>
  scopes.length > 0 ? `scope ${scopes.join(' ')}` : 'no scope'

const wordsOfActors = (actors: readonly string[]): string => (actors.length > 0 ? `, act ${actors.join(' < ')}` : '')

function wordsOfEnd({ status, code, trace: { steps } }: CallEvent): string {
  // The last step let the call pass.
  if (status === 'threw') return 'threw: the body of the tool threw an error'
  const last = steps.at(-1)
  const why = status === 'done' || last === undefined ? '' : `: ${last.step}: ${last.detail}`
  return `${code === undefined ? status : `${status} (${code})`}${why}`
}

/** Describes an event of a guard. For a call: its tool, its user, and the step that decided. */
function wordsOfAudit(event: AuditEvent): readonly [label: string, text: string] {
  const whose = event.principal?.subject ?? event.agent
  switch (event.type) {
    case 'call':
      return ['call', `${event.tool} for ${whose}: ${wordsOfEnd(event)}`]
    case 'token':
      return ['got token', `${event.tool} for ${whose}: ${event.source}, ${event.audience}, ${event.scopes.join(' ')}`]
    case 'approval':
      return ['question', `${event.tool} for ${whose}: ${event.state}, “${event.message ?? ''}”`]
    case 'raw_token':
      return ['raw token', `${event.tool} for ${whose}: the body read the token of ${event.credential}`]
    case 'delegation':
      return ['delegated', `${whose}: ${event.action}${event.code === undefined ? '' : ` (${event.code})`}`]
    case 'operator': {
      const { subject, session } = event.revoked ?? {}
      const of = session === undefined ? (subject ?? '') : `a session of ${subject ?? 'a user'}`
      return ['operator', `${event.operator}: ${event.action} ${of || event.tool}`.trimEnd()]
    }
    default:
      return event satisfies never
  }
}
