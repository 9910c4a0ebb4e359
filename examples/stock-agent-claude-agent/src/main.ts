import { runFrameworkDemo } from '@behalf/example-stock-agent/demo'
import { createClaudeAgent } from './agent.ts'
import { conversationsIn } from './conversation-files.ts'

const { ANTHROPIC_API_KEY: apiKey, ANTHROPIC_MODEL: modelId = 'claude-sonnet-4-5' } = process.env

await runFrameworkDemo({
  framework: 'the Claude Agent SDK',
  vendor: 'ANTHROPIC',
  modelId: apiKey && modelId,
  agentsIn: (directory) => {
    const conversations = conversationsIn(directory)
    return (options) => createClaudeAgent({ ...options, conversations, modelId: apiKey ? modelId : undefined })
  },
  lead: 'The session that waits is in files of the CLI. Another process reads them, and goes on when the person has answered.',
  kept: 'its session and its pending call are in files',
})
