import { join } from 'node:path'
import { runFrameworkDemo } from '@behalf/example-stock-agent/demo'
import { OpenAIChatCompletionsModel } from '@openai/agents'
import OpenAI from 'openai'
import { createOpenAiAgent } from './agent.ts'
import { conversationsIn } from './conversation-files.ts'

const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL, OPENAI_MODEL: modelId = 'gpt-4o-mini' } = process.env
// The demo's servers are mocked in this process, and refuse unknown requests: the header marks a real server.
const defaultHeaders = { accept: 'msw/passthrough' }
const model = apiKey
  ? new OpenAIChatCompletionsModel(new OpenAI({ apiKey, defaultHeaders, ...(baseURL && { baseURL }) }), modelId)
  : undefined

await runFrameworkDemo({
  framework: 'OpenAI Agents',
  modelId: model && modelId,
  agentsIn: (directory) => (options) =>
    createOpenAiAgent({ ...options, conversations: conversationsIn(join(directory, 'runs')), model }),
  lead: 'The run that waits is saved in a file. Another process reads it, and goes on when the person has answered.',
  kept: 'its saved run is in a file',
})
