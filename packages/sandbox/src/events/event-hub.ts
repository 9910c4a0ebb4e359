import type { SandboxEvent } from './sandbox-event.ts'

type Without<Event> = Event extends unknown ? Omit<Event, 'at'> : never

/** Sends events to its listeners. */
export interface EventHub {
  emit(event: Without<SandboxEvent>): void
  /** @returns ends it */
  listen(listener: (event: SandboxEvent) => void): () => void
  /** Removes all listeners. */
  end(): void
}

export function createEventHub(): EventHub {
  const listeners = new Set<(event: SandboxEvent) => void>()
  return {
    emit(event) {
      const happened = { ...event, at: Date.now() } as SandboxEvent
      for (const listener of listeners) tell(listener, happened)
    },
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    end: () => listeners.clear(),
  }
}

/** Calls a listener. If it throws, that is reported as its owner's fault, and the server continues. */
function tell(listener: (event: SandboxEvent) => void, event: SandboxEvent): void {
  try {
    listener(event)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
