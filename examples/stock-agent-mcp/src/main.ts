import { Printer, wantsColour } from '@behalf/example-stock-agent/demo'
import { runStory } from './story.ts'
import { openWorld } from './world.ts'

const printer = new Printer(
  (text) => process.stdout.write(text),
  wantsColour(process.stdout.isTTY === true, process.env.NO_COLOR),
)
printer.line(printer.paint('bold', 'Behalf: the stock agent over MCP'))
printer.line(
  'The tools are an MCP server on loopback, and the agent is a client without a registration. The authorization',
)
printer.line('server is a real one (oidc-provider); the model is a scripted planner that reads the prompts.')
const world = await openWorld()
try {
  process.exitCode = (await runStory(world, printer)) ? 0 : 1
} finally {
  await world.close()
}
