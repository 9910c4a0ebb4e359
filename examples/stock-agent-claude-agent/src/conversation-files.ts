import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PendingCall } from '@behalf/claude-agent-sdk'

/** A conversation between two requests. */
export interface Conversation {
  /** The CLI's session. Absent before the first turn. */
  readonly session?: string
  readonly pending: readonly PendingCall[]
}

/** Conversations in files, beside those of the CLI, and the session of each call. */
export interface Conversations {
  /** Folder of the CLI's sessions. */
  readonly home: string
  /** Makes a folder without sessions. */
  freshHome(): string
  read(name: string): Conversation
  save(name: string, conversation: Conversation): void
  sessionOf(callId: string): string
  keepSession(callId: string, session: string): void
}

export function conversationsIn(directory: string): Conversations {
  const fileOf = (name: string) => join(directory, `${encodeURIComponent(name)}.json`)
  const home = join(directory, 'sessions')
  mkdirSync(home, { recursive: true })
  return {
    home,
    freshHome: () => mkdtempSync(join(directory, 'empty-')),
    read(name) {
      try {
        return JSON.parse(readFileSync(fileOf(name), 'utf8')) as Conversation
      } catch {
        return { pending: [] }
      }
    },
    save: (name, conversation) => writeFileSync(fileOf(name), JSON.stringify(conversation)),
    sessionOf: (callId) => readFileSync(fileOf(`session of ${callId}`), 'utf8'),
    keepSession: (callId, session) => writeFileSync(fileOf(`session of ${callId}`), session),
  }
}
