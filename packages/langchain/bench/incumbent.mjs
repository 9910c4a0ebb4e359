// Runs in an install of its own, where these packages are; told where `measure` is.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { Auth0AI, getAccessTokenForConnection } = require('@auth0/ai-langchain')
const { tool } = require('@langchain/core/tools')
const z = require('zod')

const { measure } = await import(process.argv[2])
let requests = 0
globalThis.fetch = async () => {
  requests += 1
  return Response.json({ access_token: 'a-token', scope: 'portfolio:read', expires_in: 86_400, token_type: 'Bearer' })
}
const auth0 = new Auth0AI({ auth0: { domain: 'tenant.behalf.example', clientId: 'agent', clientSecret: 'a-secret' } })
const guard = auth0.withTokenForConnection({
  connection: 'stocktrade',
  scopes: ['portfolio:read'],
  refreshToken: async () => 'a-refresh-token',
})

/** A tool whose schema has this many fields, bare and guarded. */
async function pair(fields) {
  const schema = z.object(
    Object.fromEntries(Array.from({ length: fields }, (_, index) => [`field_${index}`, z.optional(z.string())])),
  )
  const toolOf = (body) => tool(body, { name: 'look', description: 'Looks', schema })
  const bare = toolOf(async () => 'a-token')
  const guarded = guard(toolOf(async () => getAccessTokenForConnection()))
  const toolCall = { type: 'tool_call', id: 'call-1', name: 'look', args: { field_0: 'a', field_1: 'b' } }
  const config = { configurable: { thread_id: 'thread-1' } }
  const call = (one) => () => one.invoke(toolCall, config)
  if (!JSON.stringify(await call(guarded)()).includes('"a-token"')) throw new Error('the benchmark is not set up right')
  return measure(call(guarded), call(bare))
}

const results = { 2: await pair(2), 200: await pair(200) }
if (requests !== 1) throw new Error(`the token was not cached: ${requests} requests`)
console.log(JSON.stringify(results))
