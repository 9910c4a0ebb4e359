import { createServer } from 'node:http'
import { afterAll, beforeAll, vi } from 'vitest'

const sent: string[] = []
const server = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => void parts.push(part))
  request.on('end', () => {
    sent.push(Buffer.concat(parts).toString())
    response.setHeader('content-type', 'application/json').end('{}')
  })
})

/**
 * A server in LangSmith's place, with its tracer turned on by the environment: returns all that it is sent. It is one for
 * the process: LangSmith's client reads its address once.
 */
export function langSmith(): string[] {
  beforeAll(async () => {
    if (!server.listening) await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve).unref())
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    vi.stubEnv('LANGSMITH_TRACING', 'true')
    vi.stubEnv('LANGSMITH_API_KEY', 'a-key')
    vi.stubEnv('LANGSMITH_ENDPOINT', `http://127.0.0.1:${port}`)
  })
  afterAll(() => {
    vi.unstubAllEnvs()
    server.closeAllConnections()
  })
  return sent
}
