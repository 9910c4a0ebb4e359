// Another process of the app: it has Mastra's storage, servers and a session of its own, and resumes what waits.
import { currentIdentity, runAs } from '@behalf/core'
import { auth0 } from '@behalf/core/providers'
import { signIn, startMockServers } from '@behalf/testing'
import { Agent } from '@mastra/core/agent'
import type { MastraModelConfig } from '@mastra/core/llm'
import { Mastra } from '@mastra/core/mastra'
import { LibSQLStore } from '@mastra/libsql'
import { guardTools, interruptsOf } from '../src/index.ts'
import { ScriptedModel } from './scripted-model.ts'
import { guardOver, makeTools, policies } from './world.ts'

const [file = '', user = 'nobody'] = process.argv.slice(2)
const servers = await startMockServers({ algorithm: 'ES256' })
const { clientId, authentication } = servers.clients.agent
if (!('clientSecret' in authentication)) throw new TypeError('a client with a secret was expected')
const { clientSecret } = authentication
const profile = auth0({ domain: 'tenant.behalf.example', clientId, clientSecret, algorithms: ['ES256'] })

const model = new ScriptedModel()
const tools = guardTools(makeTools(), { guard: guardOver(servers, profile), policies, identity: currentIdentity })
const trader = new Agent({
  id: 'trader',
  name: 'trader',
  instructions: 'You trade.',
  model: model as unknown as MastraModelConfig,
  tools,
})
const storage = new LibSQLStore({ id: 'storage', url: `file:${file}` })
const agent = new Mastra({ agents: { trader }, storage, logger: false }).getAgent('trader')

const [waiting] = interruptsOf(await agent.listSuspendedRuns())
const { runId = '', toolCallId = '' } = waiting ?? {}
const resume = async () => {
  const stream = await agent.resumeStream({ approved: true }, { runId, toolCallId })
  for await (const _ of stream.fullStream);
}
if (user === 'bob') await runAs(await signIn(servers, { user, profile, scope: 'openid profile chat' }), resume)
else await resume()

const orders = [
  ...(await servers.stockTrade.controls.orders('p-ann')),
  ...(await servers.stockTrade.controls.orders('p-bob')),
]
const after = interruptsOf(await agent.listSuspendedRuns())
console.log(JSON.stringify({ found: waiting !== undefined, after, saw: model.saw, orders: orders.length }))
await servers.close()
process.exit(0)
