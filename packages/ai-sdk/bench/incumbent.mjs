// Runs in an install of its own, where these packages are; told where `measure` is.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { Auth0AI, getAccessTokenFromTokenVault, setAIContext } = require('@auth0/ai-vercel')
const { tool } = require('ai')
const z = require('zod')

const { measure } = await import(process.argv[2])
let requests = 0
globalThis.fetch = async () => {
  requests += 1
  return Response.json({ access_token: 'a-token', scope: 'portfolio:read', expires_in: 86_400, token_type: 'Bearer' })
}
setAIContext({ threadID: 'thread-1' })
const auth0 = new Auth0AI({ auth0: { domain: 'tenant.behalf.example', clientId: 'agent', clientSecret: 'a-secret' } })
const guard = auth0.withTokenVault({
  connection: 'stocktrade',
  scopes: ['portfolio:read'],
  refreshToken: async () => 'a-refresh-token',
})

/** A tool whose schema has this many fields, bare and guarded. */
async function pair(fields) {
  const inputSchema = z.object(
    Object.fromEntries(Array.from({ length: fields }, (_, index) => [`field_${index}`, z.optional(z.string())])),
  )
  const toolOf = (execute) => tool({ description: 'Looks', inputSchema, execute })
  const bare = toolOf(async () => 7)
  const guarded = guard(toolOf(async () => getAccessTokenFromTokenVault().length))
  const call = (one) => () => one.execute({ field_0: 'a', field_1: 'b' }, { toolCallId: 'call-1', messages: [] })
  if ((await call(guarded)()) !== 7) throw new Error('the benchmark is not set up right')
  return measure(call(guarded), call(bare))
}

const results = { 2: await pair(2), 200: await pair(200) }
if (requests !== 1) throw new Error(`the token was not cached: ${requests} requests`)
console.log(JSON.stringify(results))
