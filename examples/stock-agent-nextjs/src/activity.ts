import type { DatabaseSync } from 'node:sqlite'
import type { AuditEvent, AuditSink } from '@behalf/core'

/** What the agent did and did not do, for those for whom it acts. */
export interface Activity {
  /** For the guard. Events name the user, and hold no token: no field takes one. */
  readonly sink: AuditSink
  /** A user's own events, newest first. */
  read(owner: string, limit: number): readonly AuditEvent[]
}

/** @param ownerOf - How the app names a user. */
export function activityIn(
  database: DatabaseSync,
  ownerOf: (user: { issuer: string; subject: string }) => string,
): Activity {
  const write = database.prepare('INSERT INTO activity (owner, at, event) VALUES (?, ?, ?)')
  const read = database.prepare('SELECT event FROM activity WHERE owner = ? ORDER BY position DESC LIMIT ?')
  return {
    sink: {
      write(event) {
        const { issuer, subject } = event.principal ?? {}
        // What a visitor asked for without a login is nobody's to read.
        const owner = issuer === undefined || subject === undefined ? '' : ownerOf({ issuer, subject })
        write.run(owner, event.at, JSON.stringify(event))
      },
    },
    read: (owner, limit) => read.all(owner, limit).map(({ event }) => JSON.parse(String(event)) as AuditEvent),
  }
}
