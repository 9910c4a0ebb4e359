import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const alive = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/** Ends with the tests, also where they end badly. */
export function ownChild<Child extends ChildProcess>(child: Child): Child {
  alive.add(child)
  child.once('exit', () => alive.delete(child))
  return child
}

/** A script in a process of its own, with arguments as JSON. */
export function forkScript(script: URL, args: readonly unknown[]): ChildProcess {
  const texts = args.map((argument) => JSON.stringify(argument))
  return ownChild(fork(fileURLToPath(script), texts, { execArgv: ['--no-warnings'] }))
}

/** SIGKILL: it gets no chance to tidy up. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
