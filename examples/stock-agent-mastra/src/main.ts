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
import { createMastraAgent, type MastraAgentOptions } from './agent.ts'

const { values } = parseArgs({ options: { interactive: { type: 'boolean' }, fault: { type: 'string' } } })
const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: url, OPENAI_MODEL: modelId = 'gpt-4o-mini', NO_COLOR } = process.env
// Mastra itself connects to OpenAI and compatible servers. The demo's servers are mocked in this process, and refuse
// unknown requests: the header marks a real server.
const headers = { accept: 'msw/passthrough' }
const model: MastraAgentOptions['model'] = apiKey
  ? { id: `openai/${modelId}`, apiKey, headers, ...(url && { url }) }
  : undefined

const printer = new Printer((text) => process.stdout.write(text), wantsColour(process.stdout.isTTY === true, NO_COLOR))
printer.line(printer.paint('bold', 'Behalf: the stock agent on Mastra'))
printer.line(
  model === undefined
    ? 'The model is scripted, so that the story is the same each time. Set OPENAI_API_KEY for a real one'
    : `A real model decides: ${modelId}. It may decide otherwise than the story does, and then a check tells`,
)
printer.line('(OPENAI_BASE_URL and OPENAI_MODEL for another, a local one included).')

const directory = mkdtempSync(join(tmpdir(), 'behalf-stock-agent-'))
try {
  const makeAgent = (options: StockAgentOptions) =>
    createMastraAgent({ ...options, file: join(directory, 'mastra.db'), model })
  const restart = restartPart(makeAgent, {
    lead: 'The suspended run is in a SQLite file. Another process reads it, and goes on when the person has answered.',
    kept: 'its run is in a file of Mastra',
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
