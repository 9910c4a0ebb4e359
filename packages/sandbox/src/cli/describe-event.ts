import { displayText } from '@behalf/core/interrupts'
import type { SandboxEvent } from '../events/index.ts'

const NAMES = { app: "app's issuer", upstream: 'upstream', enterprise: "employer's issuer" } as const

/** Returns one line for an event. Events contain no token, so the line has none. */
export function describeEvent(event: SandboxEvent): string {
  const time = new Date(event.at).toLocaleTimeString('en-GB')
  const [label, text] = wordsOf(event)
  return `${time}  ${label.padEnd(9)} ${displayText(text)}`
}

function wordsOf(event: SandboxEvent): readonly [label: string, text: string] {
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
    case 'token': {
      const { grantType, clientId, subject, audience, scopes, actors, authorizationDetails: details } = event
      const act = actors.length > 0 ? `, act ${actors.join(' < ')}` : ''
      const of = details === undefined ? '' : `, for ${JSON.stringify(details)}`
      return [
        'token',
        `${NAMES[event.issuer]}: ${grantType} by ${clientId}, sub ${subject}, aud ${audience.join(' ')}, scope ${scopes.join(' ')}${act}${of}`,
      ]
    }
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
      return ['api', `${event.method} ${event.path} -> ${event.status}`]
    case 'checked':
      return ['checked', `${event.user} ${event.relation} ${event.object}: ${event.allowed ? 'yes' : 'no'}`]
    case 'fault':
      return ['fault', `${event.fault}: ${event.effect}`]
    default:
      return event satisfies never
  }
}
