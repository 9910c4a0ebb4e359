import type { AuditEvent } from '@behalf/core'
import type { ApprovalEvent, AuditPrincipal, CallEvent } from '@behalf/core/audit'
import { type DisplayText, displayText } from '@behalf/core/interrupts'

/** All events of one call, or of one question and its calls, in a form for users. */
export interface Story {
  readonly key: string
  readonly title: DisplayText
  readonly verdict: Verdict
  /** The acting party and its user. */
  readonly who: DisplayText
  /** Time of the newest event, in epoch milliseconds. */
  readonly at: number
  /** Events in their order. */
  readonly moments: readonly { readonly text: DisplayText; readonly at: number }[]
  /** Checks and their results. */
  readonly why: readonly { readonly step: string; readonly verdict: string; readonly detail: DisplayText }[]
}

export interface Verdict {
  readonly text: string
  readonly kind: 'good' | 'bad' | ''
}

const titles: Readonly<Record<string, string>> = {
  get_stock_price: 'Look up a price',
  whoami: 'Look at your login',
  get_portfolio: 'Read a portfolio',
  create_order: 'Place an order',
  list_orders: 'Read orders',
}

const calls: Readonly<Record<CallEvent['status'], Verdict>> = {
  ready: { text: 'May run', kind: '' },
  done: { text: 'Done', kind: 'good' },
  replayed: { text: 'Told again', kind: '' },
  denied: { text: 'Refused', kind: 'bad' },
  interrupted: { text: 'Waits for a person', kind: '' },
  unavailable: { text: 'Not possible just then', kind: 'bad' },
  threw: { text: 'Failed', kind: 'bad' },
  aborted: { text: 'Broken off', kind: 'bad' },
}

const ends: Readonly<Record<string, Verdict>> = {
  approved: { text: 'Approved, not used', kind: '' },
  completed: { text: 'Done', kind: 'good' },
  threw: { text: 'Failed', kind: 'bad' },
  crashed: { text: 'Not known to have ended', kind: 'bad' },
  denied: { text: 'Denied', kind: 'bad' },
  expired: { text: 'Expired', kind: '' },
  failed: { text: 'Failed', kind: 'bad' },
  cancelled: { text: 'Cancelled', kind: '' },
  revoked: { text: 'Revoked', kind: 'bad' },
}

/** @param events - Newest first. @returns newest first */
export function storiesOf(events: readonly AuditEvent[]): readonly Story[] {
  const groups = new Map<string, AuditEvent[]>()
  for (const [index, event] of events.entries()) {
    // The event that a call might run adds nothing to the event of its run.
    if (event.type === 'call' && event.status === 'ready' && event.approvalId === undefined) continue
    const key = event.approvalId ?? event.callId ?? `event ${events.length - index}`
    groups.set(key, [...(groups.get(key) ?? []), event])
  }
  return [...groups].flatMap(([key, group]) => {
    const [newest] = group
    return newest === undefined ? [] : [storyOf(key, newest, group)]
  })
}

/** Titles of events that belong to no tool. */
const toolless: Readonly<Partial<Record<AuditEvent['type'], string>>> = {
  delegation: 'A delegation',
  operator: 'An operator',
}

function storyOf(key: string, newest: AuditEvent, group: readonly AuditEvent[]): Story {
  const asked = group.filter((event): event is ApprovalEvent => event.type === 'approval')
  const called = group.filter((event): event is CallEvent => event.type === 'call')
  const message = asked.find((event) => event.message)?.message
  const last = called.find(({ status }) => status === 'done') ?? called[0]
  return {
    key,
    title: displayText(message ?? titles[newest.tool] ?? (newest.tool || toolless[newest.type] || newest.type)),
    verdict: verdictOf(asked[0], called[0]),
    who: displayText(whoActed(newest.agent, newest.principal)),
    at: newest.at,
    moments: [...group].reverse().flatMap((event) => {
      const text = momentOf(event)
      return text === undefined ? [] : [{ text: displayText(text), at: event.at }]
    }),
    why: (last?.trace.steps ?? []).map(({ step, verdict, detail }) => ({ step, verdict, detail: displayText(detail) })),
  }
}

function verdictOf(asked: ApprovalEvent | undefined, called: CallEvent | undefined): Verdict {
  const end = asked && ends[asked.state]
  if (end !== undefined) return end
  return called === undefined ? { text: asked?.state ?? '', kind: '' } : calls[called.status]
}

function momentOf(event: AuditEvent): string | undefined {
  switch (event.type) {
    case 'approval': {
      const by = event.approver?.subject ?? 'someone'
      if (event.state === 'pending') return `${by} was asked`
      return event.state === 'approved' || event.state === 'denied' ? `${by} ${event.state} it` : undefined
    }
    case 'token':
      return `a credential for ${event.audience}, by ${event.source}: ${event.scopes.join(' ') || 'no scopes'}`
    case 'raw_token':
      return `the tool took a raw credential: ${event.credential}`
    case 'delegation':
      return `a delegation was ${event.action}`
    case 'operator':
      return `${event.operator}, an operator, did: ${event.action}`
    case 'call':
      return undefined
    default:
      return event satisfies never
  }
}

function whoActed(agent: string, principal: AuditPrincipal | undefined): string {
  const actor = principal?.actor?.subject
  return `${agent}${actor === undefined || actor === agent ? '' : ` by ${actor}`} for ${principal?.subject ?? 'no user'}`
}
