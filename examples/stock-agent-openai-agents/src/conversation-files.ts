import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentInputItem } from '@openai/agents'

/** A conversation between two requests. */
export interface Conversation {
  readonly history: AgentInputItem[]
  /** The run that waits, as `saveRun` wrote it. */
  readonly saved?: string
}

/** Conversations in files, and backups of runs by the call that waited. */
export interface Conversations {
  read(name: string): Conversation
  save(name: string, conversation: Conversation): void
  backup(callId: string): string
  keepBackup(callId: string, saved: string): void
}

export function conversationsIn(directory: string): Conversations {
  mkdirSync(directory, { recursive: true })
  const fileOf = (name: string) => join(directory, `${encodeURIComponent(name)}.json`)
  return {
    read(name) {
      try {
        return JSON.parse(readFileSync(fileOf(name), 'utf8')) as Conversation
      } catch {
        return { history: [] }
      }
    },
    save: (name, conversation) => writeFileSync(fileOf(name), JSON.stringify(conversation)),
    backup: (callId) => readFileSync(fileOf(`backup ${callId}`), 'utf8'),
    keepBackup: (callId, saved) => writeFileSync(fileOf(`backup ${callId}`), saved),
  }
}
