import { createHash } from 'node:crypto'
import type { AuditEvent } from '@behalf/core'
import type { EventHub, SandboxEvent } from '../events/index.ts'
import type { HideSecrets } from './hide-secrets.ts'

/** A guarded call: all attempts that share one approval, else one attempt. */
export interface BookedCall {
  /** Names the call in an address. */
  readonly name: string
  readonly tool: string
  readonly agent: string
  /** Subject of the user. Absent: the agent itself, or an identity that is not verified. */
  readonly user?: string | undefined
  /** Issuer of the user. */
  readonly issuer?: string | undefined
  /** Time at which the first try arrived, in epoch milliseconds. */
  readonly startedAt: number
  /** Time of the last event, in epoch milliseconds. */
  readonly lastAt: number
  /** Ids of the tries that are remembered, as the events of the guard name them. */
  readonly callIds: readonly string[]
  /** Number of tries: a call that waits for a person is made again. */
  readonly tries: number
  /** The events of the guard, oldest first. Of many tries that waited, the last ones. */
  readonly events: readonly AuditEvent[]
}

/** Calls of all guards that report to this sandbox, and what its servers saw. */
export interface CallBook {
  /** Returns the calls, newest first. */
  calls(): readonly BookedCall[]
  /** Returns a call. `undefined` if it does not exist, or is no longer stored. */
  find(name: string): BookedCall | undefined
  /** Returns events of the servers, and events of guards that belong to no call, newest first. */
  notices(): readonly SandboxEvent[]
}

/** Limits of the stored calls and events. The oldest is removed first. */
export const MOST_CALLS = 200
const MOST_EVENTS_OF_CALL = 60
const MOST_NOTICES = 400
const MOST_CHARACTERS = 4_000_000

interface Sized<Event> {
  readonly event: Event
  readonly size: number
}

interface Kept {
  readonly names: readonly string[]
  readonly ids: readonly string[]
  readonly startedAt: number
  readonly tries: number
  readonly events: readonly Sized<AuditEvent>[]
}

/** Fills the book from the events of servers and guards. */
export function openCallBook(events: EventHub, hide: HideSecrets): CallBook {
  const calls = createCalls()
  let notices: readonly Sized<SandboxEvent>[] = []
  events.listen((given) => {
    // The report of the guard was checked, and its secrets are hidden.
    if (given.type === 'audited' && idsOf(given.event).length > 0) return calls.add(given.event)
    notices = newest([...notices, sized(hide(given))], MOST_NOTICES)
  })
  return {
    calls: () => calls.all().sort((one, other) => other.startedAt - one.startedAt),
    find: calls.find,
    notices: () => notices.map(({ event }) => event).reverse(),
  }
}

function createCalls() {
  const byId = new Map<string, Kept>()
  // The most recently changed call comes last.
  const kept = new Set<Kept>()
  let size = 0
  const forget = (one: Kept) => {
    kept.delete(one)
    size -= sum(one.events)
    for (const id of one.ids) if (byId.get(id) === one) byId.delete(id)
  }
  const trim = () => {
    for (const one of kept) {
      if (kept.size <= MOST_CALLS && (size <= MOST_CHARACTERS || kept.size === 1)) return
      forget(one)
    }
  }
  return {
    add(event: AuditEvent) {
      const ids = idsOf(event)
      // A try reports its first events before its approval is known.
      const found = [...new Set(ids.flatMap((id) => byId.get(id) ?? []))]
      const one: Kept = {
        names:
          found.length > 0 ? found.flatMap(({ names }) => names).slice(0, MOST_EVENTS_OF_CALL) : [nameOf(ids[0] ?? '')],
        // Those of this event last: the approval's joins all tries.
        ids: [...found.flatMap((part) => part.ids).filter((id) => !ids.includes(id)), ...ids].slice(
          -MOST_EVENTS_OF_CALL,
        ),
        startedAt: Math.min(...found.map((part) => part.startedAt), startOf(event)),
        tries: found.reduce((total, { tries }) => total + tries, event.type === 'call' ? 1 : 0),
        events: shortened(
          [...found.flatMap((part) => part.events), sized(event)].sort((left, right) => left.event.at - right.event.at),
        ),
      }
      for (const part of found) forget(part)
      for (const id of one.ids) byId.set(id, one)
      kept.add(one)
      size += sum(one.events)
      trim()
    },
    all: () => [...kept].map(booked),
    find(name: string) {
      const found = [...kept].find(({ names }) => names.includes(name))
      return found === undefined ? undefined : booked(found)
    },
  }
}

const startOf = (event: AuditEvent): number => (event.type === 'call' ? event.trace.startedAt : undefined) ?? event.at

function booked({ names, startedAt, tries, events }: Kept): BookedCall {
  const all = events.map(({ event }) => event)
  const [first] = all
  const { principal } = all.findLast((event) => event.principal?.subject !== undefined) ?? {}
  return {
    name: names[0] ?? '',
    tool: first?.tool ?? '',
    agent: first?.agent ?? '',
    user: principal?.subject,
    issuer: principal?.issuer,
    startedAt,
    lastAt: all.at(-1)?.at ?? 0,
    callIds: all.flatMap(({ callId }) => callId ?? []),
    tries,
    events: all,
  }
}

function idsOf({ callId, approvalId }: AuditEvent): readonly string[] {
  return [
    ...(approvalId === undefined ? [] : [`approval ${approvalId}`]),
    ...(callId === undefined ? [] : [`call ${callId}`]),
  ]
}

const nameOf = (id: string): string => createHash('sha256').update(id).digest('base64url').slice(0, 12)

const sized = <Event>(event: Event): Sized<Event> => ({ event, size: JSON.stringify(event).length })

const sum = (all: readonly Sized<unknown>[]): number => all.reduce((total, { size }) => total + size, 0)

/** Drops attempts that waited first. */
function shortened(events: readonly Sized<AuditEvent>[]): readonly Sized<AuditEvent>[] {
  if (events.length <= MOST_EVENTS_OF_CALL) return newest(events, MOST_EVENTS_OF_CALL)
  const waited = events.findIndex(({ event }) => event.type === 'call' && event.status === 'interrupted')
  return newest(events.toSpliced(Math.max(0, waited), 1), MOST_EVENTS_OF_CALL)
}

/** Returns the newest entries within both limits, at least one. */
function newest<Event>(all: readonly Sized<Event>[], most: number): readonly Sized<Event>[] {
  let left = all.slice(-most)
  while (left.length > 1 && sum(left) > MOST_CHARACTERS) left = left.slice(1)
  return left
}
