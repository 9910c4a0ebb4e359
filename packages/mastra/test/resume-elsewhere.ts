// Another process of the app: it has Mastra's storage, servers and a session of its own, and resumes what waits.
import { currentIdentity, runAs } from '@behalf/core'
import { startMockApp } from '@behalf/testing'
import { Agent } from '@mastra/core/agent'
import type { MastraModelConfig } from '@mastra/core/llm'
import { Mastra } from '@mastra/core/mastra'
import { LibSQLStore } from '@mastra/libsql'
import { guardTools, interruptsOf } from '../src/index.ts'
import { ScriptedModel } from './scripted-model.ts'
import { makeTools, policies } from './world.ts'

const [file = '', user = 'none'] = process.argv.slice(2)
const app = await startMockApp()

const model = new ScriptedModel()
const tools = guardTools(makeTools(), { guard: app.guard(), policies, identity: currentIdentity })
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
if (user === 'bob') await runAs(await app.login(user), resume)
else await resume()

const orders = [...(await app.stockTrade.controls.orders('p-ann')), ...(await app.stockTrade.controls.orders('p-bob'))]
const after = interruptsOf(await agent.listSuspendedRuns())
console.log(JSON.stringify({ found: waiting !== undefined, after, saw: model.saw, orders: orders.length }))
app.close()
process.exit(0)
