import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { StockAgentOptions } from './agent.ts'
import { Printer, wantsColour } from './print.ts'
import { type KeptRun, type ResumableAgent, restartPart } from './restart-part.ts'
import { levels, runDemo } from './run-demo.ts'
import { faults } from './world.ts'

/** The demo of a framework that keeps waiting runs in files. */
export interface FrameworkDemo extends KeptRun {
  /** Name of the framework, for the title. */
  readonly framework: string
  /** Vendor of the model: the prefix of its environment variables. @default 'OPENAI' */
  readonly vendor?: string
  /** Name of the real model. `undefined`: it is scripted. */
  readonly modelId: string | undefined
  /** Makes what makes agents. @param directory - for their files */
  readonly agentsIn: (directory: string) => (options: StockAgentOptions) => ResumableAgent
}

/**
 * Runs the demo by the arguments of this process, and sets its exit code.
 *
 * `--interactive` asks for the answers, `--fault` breaks a server, and `--level 3` runs only that level.
 */
export async function runFrameworkDemo({
  framework,
  vendor = 'OPENAI',
  modelId,
  agentsIn,
  ...kept
}: FrameworkDemo): Promise<void> {
  const { values } = parseArgs({
    options: { interactive: { type: 'boolean' }, fault: { type: 'string' }, level: { type: 'string' } },
  })
  const fault = faults.find((name) => name === values.fault)
  if (fault !== values.fault) throw new Error(`--fault must be one of ${faults.join(', ')}`)
  const level = values.level === undefined ? undefined : levels[Number(values.level) - 1]
  if (values.level !== undefined && level === undefined) throw new Error(`--level must be 1 to ${levels.length}`)
  const printer = new Printer(
    (text) => process.stdout.write(text),
    wantsColour(process.stdout.isTTY === true, process.env.NO_COLOR),
  )
  printer.line(printer.paint('bold', `Behalf: the stock agent on ${framework}`))
  printer.line(
    modelId === undefined
      ? `The model is scripted, so that the story is the same each time. Set ${vendor}_API_KEY for a real one`
      : `A real model decides: ${modelId}. If it decides differently, a check fails`,
  )
  printer.line(`(${vendor}_BASE_URL and ${vendor}_MODEL for another, a local one included).`)

  const directory = mkdtempSync(join(tmpdir(), 'behalf-stock-agent-'))
  try {
    const makeAgent = agentsIn(directory)
    const isRight = await runDemo({
      printer,
      interactive: values.interactive === true,
      fault,
      makeAgent,
      story: level && [level],
      parts: [restartPart(makeAgent, kept)],
    })
    process.exitCode = isRight ? 0 : 1
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
