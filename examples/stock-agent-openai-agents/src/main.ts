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
import { OpenAIChatCompletionsModel } from '@openai/agents'
import OpenAI from 'openai'
import { createOpenAiAgent } from './agent.ts'
import { conversationsIn } from './conversation-files.ts'

const { values } = parseArgs({ options: { interactive: { type: 'boolean' }, fault: { type: 'string' } } })
const {
  OPENAI_API_KEY: apiKey,
  OPENAI_BASE_URL: baseURL,
  OPENAI_MODEL: modelId = 'gpt-4o-mini',
  NO_COLOR,
} = process.env
// The demo's servers are mocked in this process, and refuse unknown requests: the header marks a real server.
const defaultHeaders = { accept: 'msw/passthrough' }
const model = apiKey
  ? new OpenAIChatCompletionsModel(new OpenAI({ apiKey, defaultHeaders, ...(baseURL && { baseURL }) }), modelId)
  : undefined

const printer = new Printer((text) => process.stdout.write(text), wantsColour(process.stdout.isTTY === true, NO_COLOR))
printer.line(printer.paint('bold', 'Behalf: the stock agent on OpenAI Agents'))
printer.line(
  model === undefined
    ? 'The model is scripted, so that the story is the same each time. Set OPENAI_API_KEY for a real one'
    : `A real model decides: ${modelId}. It may decide otherwise than the story does, and then a check tells`,
)
printer.line('(OPENAI_BASE_URL and OPENAI_MODEL for another, a local one included).')

const directory = mkdtempSync(join(tmpdir(), 'behalf-stock-agent-'))
try {
  const makeAgent = (options: StockAgentOptions) =>
    createOpenAiAgent({ ...options, conversations: conversationsIn(join(directory, 'runs')), model })
  const restart = restartPart(makeAgent, {
    lead: 'The run that waits is saved in a file. Another process reads it, and goes on when the person has answered.',
    kept: 'its saved run is in a file',
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
