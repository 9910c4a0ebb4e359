import { createServer } from 'node:http'
import { generateText, isStepCount, tool } from 'ai'
import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { openAiModel } from '../src/open-ai-model.ts'

/** Starts a server that answers like OpenAI, and records its requests. */
async function server(answers: object[]) {
  const requests: { readonly headers: NodeJS.Dict<string | string[]>; readonly body: Record<string, unknown> }[] = []
  const http = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    requests.push({ headers: request.headers, body: JSON.parse(body) as Record<string, unknown> })
    const message = answers.shift()
    response.writeHead(message === undefined ? 500 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ choices: [{ message, finish_reason: 'stop' }] }))
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void http.close())
  const address = http.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  return { baseUrl: `http://127.0.0.1:${address.port}/v1/`, requests }
}

test('a model behind an OpenAI-compatible API calls tools and gets their results', async () => {
  const call = { id: 'call-1', type: 'function', function: { name: 'double', arguments: '{"n":21}' } }
  const { baseUrl, requests } = await server([{ content: null, tool_calls: [call] }, { content: 'It is 42.' }])
  const result = await generateText({
    model: openAiModel({ apiKey: 'a-key', baseUrl, modelId: 'local' }),
    instructions: 'Count.',
    prompt: 'Double 21',
    tools: { double: tool({ inputSchema: z.strictObject({ n: z.number() }), execute: async ({ n }) => n * 2 }) },
    stopWhen: isStepCount(3),
  })
  expect(result.text).toBe('It is 42.')
  expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer a-key', 'Bearer a-key'])
  expect(requests[0]?.body).toMatchObject({
    model: 'local',
    messages: [
      { role: 'system', content: 'Count.' },
      { role: 'user', content: 'Double 21' },
    ],
    tools: [{ type: 'function', function: { name: 'double', parameters: { type: 'object' } } }],
  })
  expect(requests[1]?.body.messages).toMatchObject([
    {},
    {},
    { role: 'assistant', tool_calls: [call] },
    { role: 'tool', tool_call_id: 'call-1', content: expect.stringContaining('42') },
  ])
})

test('an invalid answer rejects', async () => {
  const { baseUrl } = await server([])
  const model = openAiModel({ apiKey: 'a-key', baseUrl })
  await expect(generateText({ model, prompt: 'x', maxRetries: 0 })).rejects.toThrow('500')
})
