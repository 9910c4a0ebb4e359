import type { SandboxEvent } from './sandbox-event.ts'

type Without<Event> = Event extends unknown ? Omit<Event, 'at'> : never

/** Tells whoever listens what happens. */
export interface EventHub {
  emit(event: Without<SandboxEvent>): void
  /** @returns ends it */
  listen(listener: (event: SandboxEvent) => void): () => void
}

export function createEventHub(): EventHub {
  const listeners = new Set<(event: SandboxEvent) => void>()
  return {
    emit(event) {
      const happened = { ...event, at: Date.now() } as SandboxEvent
      for (const listener of listeners) listener(happened)
    },
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
