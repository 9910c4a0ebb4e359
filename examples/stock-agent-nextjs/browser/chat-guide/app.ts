import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { approvalStatus, toAiTools } from '@behalf/ai-sdk'
import { createGuard, defineTool, memoryStore } from '@behalf/core'
import { createSessions, createSignIn } from '@behalf/core/identity'
import { startSandbox } from '@behalf/sandbox'
import { serve } from '@hono/node-server'
import {
  convertToModelMessages,
  createUIMessageStreamResponse,
  isStepCount,
  streamText,
  toUIMessageStream,
  type UIMessage,
} from 'ai'
import { build } from 'esbuild'
import { Hono } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import * as z from 'zod'

const { MODEL_URL = 'https://api.openai.com/v1', MODEL_KEY = '', MODEL = 'gpt-4o-mini', PORT = '3000' } = process.env
const origin = `http://127.0.0.1:${PORT}`
const audience = 'https://agent.behalf.example/'

const sandbox = await startSandbox() // a login server and phones, in this process
const { authorizationServer } = sandbox.guardOptions
const store = memoryStore() // a restart loses logins and questions
const sessions = createSessions({ authorizationServer, store, audience })
const signIn = createSignIn({
  authorizationServer,
  store,
  redirectUri: `${origin}/callback`,
  scopes: ['profile', 'chat'],
  resource: audience,
})
const guard = createGuard({ ...sandbox.guardOptions, sessions, store })

const buy = defineTool({
  name: 'buy',
  description: 'Buys shares.',
  input: z.strictObject({ symbol: z.string(), quantity: z.int().positive() }),
  approval: { message: ({ input }) => `Buy ${input.quantity} shares of ${input.symbol}` },
  run: ({ symbol, quantity }) => `bought ${quantity} ${symbol}`,
})

const app = new Hono()

async function userOf(id: string | undefined) {
  const answer = id === undefined ? undefined : await sessions.identity(id)
  return answer?.status === 'verified' && answer.identity.kind === 'user' ? answer.identity : undefined
}

app.get('/login', async (c) => {
  const { url, cookie } = await signIn.start(c.req.raw, { returnTo: '/' })
  c.header('set-cookie', cookie)
  return c.redirect(url, 303)
})

app.get('/callback', async (c) => {
  const answer = await signIn.complete(c.req.raw)
  if (answer.status === 'refused') return c.text(`No login: ${answer.reason}`, 403)
  const before = getCookie(c, 'session')
  const { id } = await sessions.create(answer.tokens, { nonce: answer.nonce, replaces: before })
  // Over https, name it __Host-session, and add `secure: true`.
  setCookie(c, 'session', id, { path: '/', httpOnly: true, sameSite: 'Lax', maxAge: 8 * 3600 })
  return c.redirect(answer.returnTo, 303)
})

const model = createOpenAICompatible({ name: 'model', baseURL: MODEL_URL, apiKey: MODEL_KEY })(MODEL)

app.post('/api/chat', async (c) => {
  const { id, messages } = await c.req.json<{ id: string; messages: UIMessage[] }>()
  const identity = await userOf(getCookie(c, 'session'))
  const guarded = toAiTools(guard, [buy], { identity, threadId: id })
  const result = streamText({
    model,
    messages: await convertToModelMessages(messages, { tools: guarded.tools }),
    ...guarded,
    stopWhen: isStepCount(5),
  })
  const { stream } = result
  const shown = { stream, tools: guarded.tools, originalMessages: messages, redactToolErrors: true }
  return createUIMessageStreamResponse({ stream: toUIMessageStream(shown) })
})

app.get('/api/approvals/:id', (c) => {
  const identityOf = () => userOf(getCookie(c, 'session'))
  return approvalStatus({ guard, identityOf })(c.req.raw)
})

const { outputFiles } = await build({
  entryPoints: ['page.tsx'],
  bundle: true,
  write: false,
  format: 'esm',
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
})
const script = outputFiles[0]?.text ?? ''
app.get('/page.js', (c) => c.body(script, 200, { 'content-type': 'text/javascript' }))

app.get('/', async (c) => {
  if ((await userOf(getCookie(c, 'session'))) === undefined) return c.redirect('/login')
  return c.html('<!doctype html><title>Chat</title><div id="app"></div><script type="module" src="/page.js"></script>')
})

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(PORT) })
console.log(`open ${origin}, and approve as Ann: ${sandbox.phone.urlOf('ann')}`)
