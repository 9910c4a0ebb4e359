/** A store of events that all sessions share. It counts its events, as one that lives in a process does. */
export function eventStore() {
  const kept: { readonly stream: string; readonly message: unknown }[] = []
  return {
    storeEvent: async (stream: string, message: unknown) => `event-${kept.push({ stream, message }) - 1}`,
    async replayEventsAfter(last: string, { send }: { send(id: string, message: unknown): Promise<void> }) {
      const at = Number(last.split('-')[1])
      const stream = kept[at]?.stream ?? ''
      for (const [index, one] of kept.entries()) {
        if (index > at && one.stream === stream) await send(`event-${index}`, one.message)
      }
      return stream
    },
  }
}
