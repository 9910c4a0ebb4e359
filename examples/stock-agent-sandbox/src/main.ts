import { parseArgs } from 'node:util'
import { startSandbox } from '@behalf/sandbox'
import { pagePerson } from './page-person.ts'

const usage = `node src/main.ts [--page]

  --page  you approve on Ann's phone; else the demo approves by itself`

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { page: { type: 'boolean' }, help: { type: 'boolean' } } })
  if (values.help === true) {
    process.stdout.write(`${usage}\n`)
    return 0
  }
  const sandbox = await startSandbox()
  // Set before the policies are loaded, because they name the API's origin.
  process.env.STOCK_TRADE_API = sandbox.settings.api.origin
  const { Printer, levels, runDemo, wantsColour } = await import('@behalf/example-stock-agent/demo')
  const { openSandboxWorld } = await import('./open-sandbox-world.ts')
  const colour = wantsColour(process.stdout.isTTY === true, process.env.NO_COLOR)
  const printer = new Printer((text) => process.stdout.write(text), colour)
  printer.line(printer.paint('bold', 'Behalf: the stock agent, on the sandbox'))
  printer.line(
    'Real servers on loopback (@behalf/sandbox), over HTTP and in real time. The model is a scripted planner.',
  )
  // The link opens the phone, so it is printed only to the screen, outside the output that is searched for secrets.
  if (values.page === true) process.stdout.write(`Ann's phone: ${sandbox.phone.urlOf('ann')}\n`)
  const person = values.page === true ? pagePerson(sandbox) : undefined
  const openWorld = () => openSandboxWorld(sandbox)
  const isRight = await runDemo({ printer, interactive: false, story: levels, openWorld, person })
  return isRight ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof TypeError)) throw error
  process.stderr.write(`${error.message}\n\n${usage}\n`)
  process.exitCode = 2
}
