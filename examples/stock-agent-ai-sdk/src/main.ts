import { runFrameworkDemo } from '@behalf/example-stock-agent/demo'
import { createAiSdkAgent } from './agent.ts'
import { conversationsIn } from './conversation-file.ts'
import { openAiModel } from './open-ai-model.ts'

const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseUrl, OPENAI_MODEL: name } = process.env
const model = apiKey ? openAiModel({ apiKey, baseUrl, modelId: name }) : undefined

await runFrameworkDemo({
  framework: 'the Vercel AI SDK',
  modelId: model?.modelId,
  agentsIn(directory) {
    const conversations = conversationsIn(directory)
    return (options) => createAiSdkAgent({ ...options, conversations, model })
  },
  lead: 'The conversation is a file of messages. Another process reads it, and goes on when the person has answered.',
  kept: 'its messages are in a file',
})
