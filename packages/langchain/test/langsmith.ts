import { createServer } from 'node:http'
import { afterAll, beforeAll, vi } from 'vitest'

/** A server in LangSmith's place, with its tracer turned on by the environment: gives all that it is sent. */
export function langSmith(): string[] {
  const sent: string[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => void parts.push(part))
    request.on('end', () => {
      sent.push(Buffer.concat(parts).toString())
      response.setHeader('content-type', 'application/json').end('{}')
    })
  })
  // LangSmith's client reads its address once.
  beforeAll(async () => {
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    vi.stubEnv('LANGSMITH_TRACING', 'true')
    vi.stubEnv('LANGSMITH_API_KEY', 'a-key')
    vi.stubEnv('LANGSMITH_ENDPOINT', `http://127.0.0.1:${port}`)
  })
  afterAll(() => {
    vi.unstubAllEnvs()
    server.closeAllConnections()
    server.close()
  })
  return sent
}
