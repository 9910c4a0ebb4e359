import type { IncomingMessage } from 'node:http'

/** Maximum size of a body: no client sends a larger one. */
const MAX_BODY_BYTES = 1_048_576

/** Error for a body that is too large; Koa answers with its fields. */
export class BodyTooLarge extends Error {
  readonly status = 413
  readonly expose = true
  /** Closes the connection: the rest of the body is not read. */
  readonly headers = { connection: 'close' } as const

  constructor() {
    super(`the body has more than ${MAX_BODY_BYTES} bytes`)
  }
}

/** Yields the body of a request, up to the maximum size of an honest client: any program may send one. */
export async function* boundedBody(incoming: IncomingMessage): AsyncGenerator<Buffer> {
  if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw new BodyTooLarge()
  let size = 0
  // The connection stays for the answer.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length
    if (size > MAX_BODY_BYTES) throw new BodyTooLarge()
    yield chunk as Buffer
  }
}
