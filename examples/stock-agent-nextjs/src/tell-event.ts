import type { AuditEvent, AuditPrincipal } from '@behalf/core'

/** An audit event, as a user reads it. */
export interface Told {
  readonly title: string
  readonly verdict: { readonly text: string; readonly kind: 'good' | 'bad' | '' }
  /** Who acted for whom. */
  readonly who: string
  readonly why: readonly string[]
}

const verdicts: Readonly<Record<string, Told['verdict']>> = {
  ready: { text: 'May run', kind: '' },
  done: { text: 'Done', kind: 'good' },
  replayed: { text: 'Told again', kind: '' },
  denied: { text: 'Refused', kind: 'bad' },
  interrupted: { text: 'Waits for a person', kind: '' },
  unavailable: { text: 'Not possible just then', kind: 'bad' },
  threw: { text: 'Failed', kind: 'bad' },
  aborted: { text: 'Broken off', kind: 'bad' },
}

export function toldOf(event: AuditEvent): Told {
  const who = whoActed(event.agent, event.principal)
  switch (event.type) {
    case 'call': {
      const why = event.trace.steps.map(({ step, verdict, detail }) =>
        [step, verdict, detail].filter(Boolean).join(': '),
      )
      return { title: event.tool, verdict: verdicts[event.status] ?? { text: event.status, kind: '' }, who, why }
    }
    case 'token':
      return {
        title: `A credential for ${event.audience}`,
        verdict: { text: 'Issued', kind: '' },
        who,
        why: [`from: ${event.source}`, `scopes: ${event.scopes.join(' ') || 'none'}`],
      }
    case 'approval':
      return {
        title: event.message ?? event.tool,
        verdict: { text: event.state, kind: event.state === 'denied' ? 'bad' : '' },
        who,
        why: [
          ...(event.approver === undefined ? [] : [`asked: ${event.approver.subject}`]),
          ...(event.enforcedBy === undefined ? [] : [`held to it by: ${event.enforcedBy}`]),
        ],
      }
    case 'raw_token':
      return {
        title: event.tool,
        verdict: { text: 'Took a raw credential', kind: 'bad' },
        who,
        why: [event.credential],
      }
    case 'delegation':
      return { title: 'A delegation', verdict: { text: event.action, kind: '' }, who, why: [] }
    default:
      return event satisfies never
  }
}

function whoActed(agent: string, principal: AuditPrincipal | undefined): string {
  const actor = principal?.actor?.subject
  return `${agent}${actor === undefined || actor === agent ? '' : ` by ${actor}`} for ${principal?.subject ?? 'nobody'}`
}
