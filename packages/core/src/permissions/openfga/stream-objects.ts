import { BehalfError, InvalidResponseError, TransportError } from '../../base/errors/index.ts'
import { discardBody, parsedJson } from '../../base/values/index.ts'
import { openAnswer, unanswered } from './ask-server.ts'
import { questionTo, type StoreConnection } from './http-backend.ts'
import { bodyOf, type CutOff, checkListQuestion, type ListQuestion, objectOfType } from './list-objects.ts'
import { type Consistency, listRequest, modelHeader, streamLine } from './wire.ts'

/** Maximum length of a line, in characters. An object's name has at most 256 bytes, so a longer line is invalid. */
const MAX_LINE = 10_000

/** Names of objects as the server finds them. To be read once. */
export interface ObjectStream extends AsyncIterable<string> {
  /** Known when the loop has ended. There is no limit of number here, but the server's deadline holds. */
  readonly mayBeCutOff: Extract<CutOff, 'deadline'> | undefined
}

interface StreamOptions {
  readonly consistency: Consistency
  readonly signal: AbortSignal | undefined
  /** Time limit from the first question to the last object, in milliseconds. */
  readonly timeoutMs: number
}

/** Asks for objects one by one. Sends nothing before the loop begins, and repeats nothing afterwards. */
export function streamObjects(store: StoreConnection, question: ListQuestion, options: StreamOptions): ObjectStream {
  const asked = checkListQuestion(question)
  let cutOff: 'deadline' | undefined
  async function* objects(): AsyncGenerator<string> {
    const leaving = new AbortController()
    const deadline = new TransportError(`no answer within ${options.timeoutMs} ms`)
    const timer = setTimeout(() => leaving.abort(deadline), options.timeoutMs)
    const signal = options.signal === undefined ? leaving.signal : AbortSignal.any([options.signal, leaving.signal])
    const started = performance.now()
    try {
      signal.throwIfAborted()
      for await (const line of linesOf(await open(store, asked, options.consistency, signal), signal)) {
        yield objectOfType(nameIn(line), asked.type)
      }
      if (performance.now() - started >= asked.serverDeadlineMs) cutOff = 'deadline'
    } finally {
      clearTimeout(timer)
      // A caller that leaves the loop needs no more objects.
      leaving.abort()
    }
  }
  return {
    [Symbol.asyncIterator]: objects,
    get mayBeCutOff() {
      return cutOff
    },
  }
}

async function open(
  store: StoreConnection,
  asked: ReturnType<typeof checkListQuestion>,
  consistency: Consistency,
  signal: AbortSignal,
): Promise<Response> {
  const { authorizationModelId } = store
  const body = listRequest(asked, { authorizationModelId, consistency })
  const answer = await openAnswer(store, questionTo(store, 'streamed-list-objects', body), signal)
  if (!('stream' in answer)) {
    bodyOf(answer, authorizationModelId)
    throw new InvalidResponseError('OpenFGA: the answer is no stream')
  }
  const response = answer.stream
  const answered = response.headers.get(modelHeader)
  if (answered !== null && answered !== authorizationModelId) {
    discardBody(response)
    throw new InvalidResponseError('OpenFGA: another authorization model answered')
  }
  return response
}

async function* linesOf(response: Response, signal: AbortSignal): AsyncGenerator<string> {
  if (response.body === null) return
  let rest = ''
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const chunk of chunksOf(response.body, signal)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > MAX_LINE) throw new InvalidResponseError('OpenFGA: a line of the stream is too long')
      yield* lines.filter((line) => line.trim() !== '')
    }
    rest += decoder.decode()
  } catch (cause) {
    throw BehalfError.isInstance(cause) ? cause : unanswered(cause, signal)
  }
  if (rest.trim() !== '') yield rest
}

/** Yields the chunks of a body, and ends with the signal even if the body ignores it. */
async function* chunksOf(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  aborted.catch(() => {})
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), aborted])
      if (done) return
      yield value
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

function nameIn(line: string): string {
  const json = parsedJson(line)
  // An incomplete stream, or no JSON: the names before this point are right, but others may be missing.
  if (json === undefined) throw new TransportError('OpenFGA: the stream broke off')
  const parsed = streamLine.safeParse(json)
  if (!parsed.success) throw new InvalidResponseError('OpenFGA: a line of the stream is malformed')
  if (parsed.data.error !== undefined) {
    const { message = 'no reason given' } = parsed.data.error
    throw new TransportError(`OpenFGA ended the stream: ${JSON.stringify(message.slice(0, 200))}`)
  }
  if (parsed.data.result === undefined) throw new InvalidResponseError('OpenFGA: a line of the stream names no object')
  return parsed.data.result.object
}
