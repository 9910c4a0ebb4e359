import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ModelMessage } from 'ai'

/** Conversations as the AI SDK has them: messages, kept as JSON. */
export interface Conversations {
  read(threadId: string): ModelMessage[]
  save(threadId: string, messages: readonly ModelMessage[]): void
}

export function conversationsIn(directory: string): Conversations {
  mkdirSync(directory, { recursive: true })
  const fileOf = (threadId: string) => join(directory, `${encodeURIComponent(threadId)}.json`)
  return {
    read(threadId) {
      try {
        return JSON.parse(readFileSync(fileOf(threadId), 'utf8')) as ModelMessage[]
      } catch {
        return []
      }
    },
    save: (threadId, messages) => writeFileSync(fileOf(threadId), JSON.stringify(messages)),
  }
}
