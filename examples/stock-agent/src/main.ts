import { existsSync, readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Printer, wantsColour } from './print.ts'
import { runDemo } from './run-demo.ts'
import { stories } from './stories/index.ts'
import { faults, vaults } from './world.ts'

const usage = `node src/main.ts [${Object.keys(stories).join('|')}] [--interactive] [--vault ${vaults.join('|')}] [--fault ${faults.join('|')}]

  --interactive  asks you for the answers of level 4
  --vault        whose vault level 3 uses: Auth0's, or one of the app's own
  --fault        breaks the mocked servers, so that the demo's own checks fail (exit code 1)`

function optionsOf(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      interactive: { type: 'boolean' },
      fault: { type: 'string' },
      vault: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  const fault = faults.find((name) => name === values.fault)
  if (values.fault !== undefined && fault === undefined)
    throw new TypeError(`unknown fault; known: ${faults.join(', ')}`)
  const vault = vaults.find((name) => name === (values.vault ?? 'auth0'))
  if (vault === undefined) throw new TypeError(`unknown vault; known: ${vaults.join(', ')}`)
  const [name, ...more] = positionals
  const story = name === undefined || !Object.hasOwn(stories, name) ? undefined : stories[name]
  if (more.length > 0 || (name !== undefined && story === undefined))
    throw new TypeError(`unknown story; known: ${Object.keys(stories).join(', ')}`)
  return { story, interactive: values.interactive === true, help: values.help === true, fault, vault }
}

/** Lists the other examples, which run the same policies with a real model. */
function frameworkExamples(): string {
  const parent = new URL('../../', import.meta.url)
  const found = existsSync(parent) ? readdirSync(parent).filter((name) => name.startsWith('stock-agent-')) : []
  return found.length > 0 ? found.map((name) => `examples/${name}`).join(', ') : 'examples/stock-agent-<framework>'
}

function introduce(printer: Printer, interactive: boolean): void {
  printer.line(printer.paint('bold', 'Behalf: the stock agent'))
  printer.line('The model here is a scripted planner that reads the prompts. No language model takes part;')
  printer.line(`the framework examples use a real one: ${frameworkExamples()}.`)
  printer.line(
    'All servers run in this process (@behalf/testing), and their clock skips the time that a person would need.',
  )
  printer.line(
    interactive ? 'You answer the questions of level 4.' : "The person's answers are scripted; --interactive asks you.",
  )
}

async function main(): Promise<number> {
  let options: ReturnType<typeof optionsOf>
  try {
    options = optionsOf(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}\n`)
    return 2
  }
  const { story, interactive, fault, vault, help } = options
  if (help) {
    process.stdout.write(`${usage}\n`)
    return 0
  }
  const colour = wantsColour(process.stdout.isTTY === true, process.env.NO_COLOR)
  const printer = new Printer((text) => process.stdout.write(text), colour)
  introduce(printer, interactive)
  return (await runDemo({ printer, interactive, fault, vault, story })) ? 0 : 1
}

process.exitCode = await main()
