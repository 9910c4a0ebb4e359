import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  faults,
  Printer,
  restartPart,
  runDemo,
  type StockAgentOptions,
  wantsColour,
} from '@behalf/example-stock-agent/demo'
import { createAiSdkAgent } from './agent.ts'
import { conversationsIn } from './conversation-file.ts'
import { openAiModel } from './open-ai-model.ts'

const { values } = parseArgs({ options: { interactive: { type: 'boolean' }, fault: { type: 'string' } } })
const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseUrl, OPENAI_MODEL: modelId, NO_COLOR } = process.env
const model = apiKey ? openAiModel({ apiKey, baseUrl, modelId }) : undefined

const printer = new Printer((text) => process.stdout.write(text), wantsColour(process.stdout.isTTY === true, NO_COLOR))
printer.line(printer.paint('bold', 'Behalf: the stock agent on the Vercel AI SDK'))
printer.line(
  model === undefined
    ? 'The model is scripted, so that the story is the same each time. Set OPENAI_API_KEY for a real one'
    : `A real model decides: ${model.modelId}. It may decide otherwise than the story does, and then a check tells`,
)
printer.line('(OPENAI_BASE_URL and OPENAI_MODEL for another, a local one included).')

const directory = mkdtempSync(join(tmpdir(), 'behalf-stock-agent-'))
try {
  const conversations = conversationsIn(directory)
  const makeAgent = (options: StockAgentOptions) => createAiSdkAgent({ ...options, conversations, model })
  const restart = restartPart(makeAgent, {
    lead: 'The conversation is a file of messages. Another process reads it, and goes on when the person has answered.',
    kept: 'its messages are in a file',
  })
  const isRight = await runDemo({
    printer,
    interactive: values.interactive === true,
    fault: faults.find((name) => name === values.fault),
    makeAgent,
    parts: [restart],
  })
  process.exitCode = isRight ? 0 : 1
} finally {
  rmSync(directory, { recursive: true, force: true })
}
