import type { LanguageModelMiddleware } from 'ai'

/**
 * Renames each call whose id is already in the conversation: some models number their calls from the start in each
 * answer.
 *
 * The app finds a call by its id, to save it before its tool acts and to continue it after a crash. A second call with
 * one id would not be saved, and a restart would place its order again.
 */
export const uniqueCallIds: LanguageModelMiddleware = {
  specificationVersion: 'v4',
  async wrapStream({ doStream, params }) {
    const { stream, ...rest } = await doStream()
    const taken = new Set(
      params.prompt
        .flatMap(({ role, content }) => (role === 'assistant' ? content : []))
        .flatMap((part) => (part.type === 'tool-call' ? [part.toolCallId] : [])),
    )
    // New id of each call, by the model's own id, from the start of the call to its end.
    const names = new Map<string, string>()
    const begin = (id: string): string => {
      const name = id === '' || taken.has(id) ? crypto.randomUUID() : id
      taken.add(name)
      names.set(id, name)
      return name
    }
    const renamed = stream.pipeThrough(
      new TransformStream<Part, Part>({
        transform(part, controller) {
          if (part.type === 'tool-input-start') controller.enqueue({ ...part, id: begin(part.id) })
          else if (part.type === 'tool-input-delta' || part.type === 'tool-input-end') {
            controller.enqueue({ ...part, id: names.get(part.id) ?? part.id })
          } else if (part.type === 'tool-call') {
            controller.enqueue({ ...part, toolCallId: names.get(part.toolCallId) ?? begin(part.toolCallId) })
            names.delete(part.toolCallId)
          } else controller.enqueue(part)
        },
      }),
    )
    return { ...rest, stream: renamed }
  },
}

type Streamed = Awaited<ReturnType<NonNullable<LanguageModelMiddleware['wrapStream']>>>['stream']
type Part = Streamed extends ReadableStream<infer One> ? One : never
