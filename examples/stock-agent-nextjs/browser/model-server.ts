import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** Next answer of a model: text, one tool call, or an answer that no honest model sends. */
export type Said =
  | { readonly text: string }
  | { readonly tool: string; readonly input: object }
  | { readonly raw: (response: ServerResponse) => void }

/** Request of the app to a model. */
export interface Asked {
  readonly authorization: string | undefined
  readonly body: {
    readonly model: string
    readonly tools: readonly { readonly function: { readonly name: string } }[]
    readonly messages: readonly { readonly role: string; readonly content?: unknown }[]
  }
}

/**
 * Starts a server that streams as OpenAI does. `say` returns the answer to a request; a number is a status without an
 * answer.
 */
export async function modelServer(
  say: (asked: Asked, count: number) => Said | number | Promise<Said | number>,
  /** The id of a call. */
  idOf = (count: number) => `call-${count}`,
) {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const one = { authorization: request.headers.authorization, body: JSON.parse(text) as Asked['body'] }
    const said = await say(one, asked.push(one))
    if (typeof said === 'number') {
      const body = { error: { message: `not with ${one.authorization}` } }
      response.writeHead(said, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      return
    }
    if ('raw' in said) {
      said.raw(response)
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const [delta, finish_reason] of chunksOf(said, idOf(asked.length))) {
      const choices = [{ index: 0, delta, finish_reason }]
      const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: one.body.model, choices }
      response.write(`data: ${JSON.stringify(chunk)}\n\n`)
    }
    response.end('data: [DONE]\n\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { asked, baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` }
}

function chunksOf(
  said: Exclude<Said, { readonly raw: unknown }>,
  id: string,
): readonly (readonly [delta: object, finishReason: string | null])[] {
  if ('text' in said) {
    const words = said.text.match(/\S+\s*/g) ?? []
    return [...words.map((content) => [{ content }, null] as const), [{}, 'stop']]
  }
  const { tool: name, input } = said
  const call = { index: 0, id, type: 'function', function: { name, arguments: JSON.stringify(input) } }
  return [
    [{ tool_calls: [call] }, null],
    [{}, 'tool_calls'],
  ]
}
