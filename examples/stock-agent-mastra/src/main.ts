import { join } from 'node:path'
import { runFrameworkDemo } from '@behalf/example-stock-agent/demo'
import { createMastraAgent, type MastraAgentOptions } from './agent.ts'

const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: url, OPENAI_MODEL: modelId = 'gpt-4o-mini' } = process.env
// Mastra itself connects to OpenAI and compatible servers. The demo's servers are mocked in this process, and refuse
// unknown requests: the header marks a real server.
const headers = { accept: 'msw/passthrough' }
const model: MastraAgentOptions['model'] = apiKey
  ? { id: `openai/${modelId}`, apiKey, headers, ...(url && { url }) }
  : undefined

await runFrameworkDemo({
  framework: 'Mastra',
  modelId: model && modelId,
  agentsIn: (directory) => (options) => createMastraAgent({ ...options, file: join(directory, 'mastra.db'), model }),
  lead: 'The suspended run is in a SQLite file. Another process reads it, and goes on when the person has answered.',
  kept: 'its run is in a file of Mastra',
})
