import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

interface Request {
  readonly model: string
  readonly tools: readonly { readonly function: { readonly name: string } }[]
  readonly messages: readonly { readonly role: string; readonly content: unknown }[]
}

/** Starts a server with OpenAI's protocol, like local models, which answers every request with the price of AAPL. */
async function startModel() {
  const requests: Request[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const body = JSON.parse(text) as Request
    requests.push(body)
    const isAsked = body.messages.at(-1)?.role === 'user'
    const call = {
      id: `call-${requests.length}`,
      type: 'function',
      function: { name: 'get_stock_price', arguments: '{"symbol":"AAPL"}' },
    }
    const message = isAsked
      ? { role: 'assistant', content: null, tool_calls: [call] }
      : { role: 'assistant', content: 'That is the price.' }
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        // LangGraph takes a message of the same id for the same message.
        id: `completion-${requests.length}`,
        object: 'chat.completion',
        created: 1,
        model: body.model,
        choices: [{ index: 0, message, finish_reason: isAsked ? 'tool_calls' : 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { requests, server, baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` }
}

test('with a key, a model of any OpenAI-compatible server reads the prompts and calls the tools', async () => {
  const { requests, server, baseURL } = await startModel()
  try {
    const env = { ...process.env, OPENAI_API_KEY: 'a-key', OPENAI_BASE_URL: baseURL, OPENAI_MODEL: 'a-local-model' }
    // Its checks expect another model, and say so by the exit code.
    const { stdout } = await promisify(execFile)(process.execPath, [main], { env }).catch((error) => error)
    expect(stdout).toContain(`The model is a-local-model at ${baseURL}.`)
    expect(stdout).toContain('That is the price.')
    expect(stdout).not.toContain('a-key')
  } finally {
    server.close()
  }
  expect(requests[0]?.tools.map((tool) => tool.function.name)).toContain('create_order')
  expect(JSON.stringify(requests[0]?.messages)).toContain('What is AAPL trading at?')
  expect(JSON.stringify(requests)).not.toContain('eyJ')
})
