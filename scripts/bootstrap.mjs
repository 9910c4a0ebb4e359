// `npm run demo`, `npm test`, `npm run bench` and `npm run check` start here.
//
// It is plain JavaScript for Node 20 without any installed package. It finds or downloads the tools, installs what the
// command needs, and runs the command.
import { resolveCommand } from './bootstrap/command.mjs'
import { Failure } from './bootstrap/failure.mjs'
import { prepare } from './bootstrap/prepare.mjs'
import { exitCodeOf, runInteractive } from './bootstrap/processes.mjs'
import { say } from './bootstrap/say.mjs'

try {
  const command = resolveCommand(process.argv.slice(2))
  const tools = await prepare(command)
  process.exitCode = await runInteractive(tools.node, command.argv, tools.env)
} catch (error) {
  if (error instanceof Failure) {
    say(error.message)
    process.exitCode = exitCodeOf(error)
  } else {
    throw error
  }
}
