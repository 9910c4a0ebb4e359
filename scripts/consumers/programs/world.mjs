// The surroundings of the READMEs' first programs: their issuer, a signed-in user, a clock, a model. No request leaves
// the process: handlers answer `fetch`.
import assert from 'node:assert/strict'
import { createGuard, verifyAccessToken } from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { oidc } from '@behalf/core/providers'
import { createMockAuthorizationServer, login } from '@behalf/testing'
import { getResponse, HttpResponse, http } from 'msw'

export const issuer = 'https://login.example.com'

/**
 * The issuer of the READMEs, with one user, `ann`.
 *
 * `api` is the audience of her tokens, `clientId` the program's client, and `resources` are the APIs that it may
 * request tokens for.
 */
export function openWorld({ clientId = 'agent', secret = 'secret', api, resources = [], handlers = [] }) {
  let passed = 0
  const clock = { now: () => Date.now() + passed }
  const redirectUri = 'https://app.example.com/callback'
  const server = createMockAuthorizationServer({
    issuer,
    clock,
    clients: [{ clientId, clientSecret: secret, redirectUris: [redirectUri], api }],
    users: [{ subject: 'ann' }],
    resources: [{ identifier: api, scopes: ['use', 'mcp:tools'] }, ...resources],
    ciba: { interval: 1 },
  })
  const served = [...server.handlers, ...handlers]
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const response = await getResponse(served, request)
    if (response === undefined) throw new Error(`no server for ${request.method} ${request.url}`)
    return response
  }
  const authentication = { method: 'client_secret_basic', clientSecret: secret }
  const profile = oidc({ issuer, clientId, clientSecret: secret })
  const token = async (scope = 'openid use') => {
    const target = { authorizationServer: server, clients: { agent: { clientId, authentication, redirectUri } } }
    return (await login(target, { user: 'ann', profile, resource: api, scope, clock })).accessToken
  }
  return {
    token,
    /** Approves, as `ann`, the question with this message. Then a poll is due. */
    async approve(message) {
      const [asked] = await server.controls.pendingRequests('ann')
      assert.equal(asked.bindingMessage, message)
      await server.controls.approve()
      passed += 6_000
    },
    /** Makes a guard of the same issuer, which asks `ann` by CIBA. */
    guard: () =>
      createGuard({ authorizationServer: profile, agent: { name: 'agent:trader' }, approvals: ciba(), clock }),
    identity: async () => verifyAccessToken(await token(), { authorizationServer: profile, audience: api, clock }),
  }
}

/** OpenAI's Responses API, as a model that calls `buy` once. `requests` collects the requests. */
export function openAi(requests) {
  process.env.OPENAI_API_KEY = 'a-key'
  return [
    http.post('https://api.openai.com/v1/responses', async ({ request }) => {
      const body = await request.json()
      requests.push(body)
      const id = `${requests.length}`
      const text = { type: 'output_text', text: 'Done.', annotations: [] }
      const item =
        body.input.at(-1).role === 'user'
          ? { type: 'function_call', id: `fc_${id}`, call_id: `call_${id}`, name: 'buy', arguments: ORDER }
          : { type: 'message', id: `msg_${id}`, role: 'assistant', content: [text] }
      const response = {
        id: `resp_${id}`,
        object: 'response',
        created_at: 1,
        model: body.model,
        status: 'completed',
        output: [{ ...item, status: 'completed' }],
        usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
      }
      return body.stream ? streamed(response) : HttpResponse.json(response)
    }),
  ]
}

const ORDER = '{"symbol":"AAPL","quantity":50}'

/** Returns the same response as the events of a stream. */
function streamed(response) {
  const [item] = response.output
  const at = { output_index: 0, item_id: item.id }
  const events = [
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
    { type: 'response.output_item.added', ...at, item: { ...item, arguments: '', status: 'in_progress' } },
    ...(item.type === 'message'
      ? [{ type: 'response.output_text.delta', ...at, content_index: 0, delta: 'Done.' }]
      : [{ type: 'response.function_call_arguments.delta', ...at, delta: ORDER }]),
    { type: 'response.output_item.done', ...at, item },
    { type: 'response.completed', response },
  ]
  const lines = events.map((event, at) => `data: ${JSON.stringify({ ...event, sequence_number: at })}\n\n`)
  return new HttpResponse(lines.join(''), { headers: { 'content-type': 'text/event-stream' } })
}
