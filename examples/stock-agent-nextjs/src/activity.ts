import type { DatabaseSync } from 'node:sqlite'
import type { AuditEvent, AuditSink } from '@behalf/core'
import * as z from 'zod'

/** A user's events, as far as they can be read. */
export interface OwnEvents {
  /** Newest first. */
  readonly events: readonly AuditEvent[]
  /** Positions in the table of events that are damaged and left out, for the operator of the app. */
  readonly damaged: readonly number[]
}

/** Record of what the agent did and did not do, for its users. */
export interface Activity {
  /** Sink for the guard. Events name the user, and contain no token: no field accepts one. */
  readonly sink: AuditSink
  /** Reads a user's own events. A damaged event does not hide the others. */
  read(owner: string, limit: number): OwnEvents
}

/** @param ownerOf - How the app names a user. */
export function activityIn(
  database: DatabaseSync,
  ownerOf: (user: { issuer: string; subject: string }) => string,
): Activity {
  const write = database.prepare('INSERT INTO activity (owner, at, event) VALUES (?, ?, ?)')
  const read = database.prepare('SELECT position, event FROM activity WHERE owner = ? ORDER BY position DESC LIMIT ?')
  return {
    sink: {
      write(event) {
        const { issuer, subject } = event.principal ?? {}
        // No user may read the requests of a visitor without a login.
        const owner = issuer === undefined || subject === undefined ? '' : ownerOf({ issuer, subject })
        // A page that waits polls every few seconds. Consecutive polls with the same result are one line of the record.
        if (isPoll(event) && saysTheSame(event, eventIn(String(read.get(owner, 1)?.event)))) return
        write.run(owner, event.at, JSON.stringify(event))
      },
    },
    read(owner, limit) {
      const [events, damaged]: [AuditEvent[], number[]] = [[], []]
      for (const { position, event } of read.all(owner, limit)) {
        const found = eventIn(String(event))
        if (found === undefined) damaged.push(Number(position))
        else events.push(found)
      }
      return { events, damaged }
    },
  }
}

type CallEvent = Extract<AuditEvent, { readonly type: 'call' }>

const isPoll = (event: AuditEvent): event is CallEvent => event.type === 'call' && event.phase === 'preflight'

function saysTheSame(event: CallEvent, before: AuditEvent | undefined): boolean {
  if (before?.type !== 'call') return false
  const keys = ['phase', 'tool', 'status', 'code', 'approvalId'] as const
  return keys.every((key) => event[key] === before[key])
}

/** All that the pages read of an event. */
const base = {
  at: z.number(),
  agent: z.string(),
  tool: z.string(),
  principal: z
    .looseObject({ subject: z.string().optional(), actor: z.looseObject({ subject: z.string() }).optional() })
    .optional(),
  callId: z.string().optional(),
  approvalId: z.string().optional(),
}
const step = z.looseObject({ step: z.string(), verdict: z.string(), detail: z.string() })
const Event = z.discriminatedUnion('type', [
  z.looseObject({
    ...base,
    type: z.literal('call'),
    status: z.enum(['ready', 'done', 'replayed', 'denied', 'interrupted', 'unavailable', 'threw', 'aborted']),
    trace: z.looseObject({ steps: z.array(step) }),
  }),
  z.looseObject({
    ...base,
    type: z.literal('approval'),
    approvalId: z.string(),
    state: z.string(),
    message: z.string().optional(),
    approver: z.looseObject({ subject: z.string() }).optional(),
  }),
  z.looseObject({
    ...base,
    type: z.literal('token'),
    source: z.string(),
    audience: z.string(),
    scopes: z.array(z.string()),
  }),
  z.looseObject({ ...base, type: z.literal('raw_token'), credential: z.string() }),
  z.looseObject({ ...base, type: z.literal('delegation'), action: z.string() }),
])

function eventIn(text: string): AuditEvent | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Event.safeParse(value).success ? (value as AuditEvent) : undefined
  } catch {
    return undefined
  }
}
