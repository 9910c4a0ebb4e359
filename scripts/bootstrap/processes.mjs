import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { Failure } from './failure.mjs'
import { say } from './say.mjs'

const windows = process.platform === 'win32'
/** The only running child process, and whether it leads a process group of its own. */
let current
let received
let receivedAt = 0

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // The terminal and npm may both deliver one Ctrl-C. A second one after a second is intended.
    const again = received !== undefined && Date.now() - receivedAt > 1000
    if (received !== undefined && !again) return
    received ??= signal
    receivedAt = Date.now()
    if (current === undefined) process.exit(128 + constants.signals[signal])
    // A child in the same process group got the terminal's Ctrl-C already.
    if (!current.ownGroup && signal === 'SIGINT' && process.stdin.isTTY && !again) return
    if (current.ownGroup) say(again ? 'stopping at once.' : 'stopping … (again to stop at once)')
    kill(again ? 'SIGKILL' : signal)
  })
}

function kill(signal) {
  try {
    if (current.ownGroup && !windows) process.kill(-current.child.pid, signal)
    else current.child.kill(signal)
  } catch {
    // It has ended already.
  }
}

/** Returns whether the person asked to stop. */
const interrupted = () => received !== undefined

export const exitCodeOf = (failure) => (interrupted() ? 128 + constants.signals[received] : failure.exitCode)

function start(command, args, { env, cwd, stdio, ownGroup }) {
  const child = spawn(command, args, {
    cwd,
    env,
    stdio,
    detached: ownGroup && !windows,
    // On Windows, npm and pnpm are .cmd files, which only a shell starts.
    shell: windows && !command.endsWith('.exe'),
  })
  current = { child, ownGroup }
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ error }))
    child.on('close', (code, signal) => resolve({ code, signal }))
  }).finally(() => {
    current = undefined
  })
}

/** Runs the command in the same terminal, and passes signals on. @returns the exit code */
export async function runInteractive(command, args, env) {
  const ended = await start(command, args, { env, stdio: 'inherit', ownGroup: false })
  if (ended.error !== undefined) throw new Failure(`could not start ${command}: ${ended.error.message}`)
  if (interrupted()) return 128 + constants.signals[received]
  return ended.code ?? 128 + constants.signals[ended.signal]
}

/** Runs a tool and keeps its output. One signal to its process group ends all of its children. */
export async function runQuietly(command, args, { env = process.env, cwd, onLine = () => {} } = {}) {
  const lines = []
  const stdout = []
  const collect = (isStdout) => {
    let rest = ''
    return (chunk) => {
      if (isStdout) stdout.push(chunk)
      const parts = (rest + chunk).split(/\r?\n|\r/)
      rest = parts.pop() ?? ''
      for (const line of parts) {
        lines.push(line)
        onLine(line)
      }
    }
  }
  const ending = start(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'], ownGroup: true })
  const { child } = current
  child.stdout?.setEncoding('utf8').on('data', collect(true))
  child.stderr?.setEncoding('utf8').on('data', collect(false))
  const ended = await ending
  if (interrupted()) throw new Failure('stopped. Nothing is half-done: the next run takes up where this one ended.')
  if (ended.error !== undefined) lines.push(ended.error.message)
  return { ok: ended.code === 0, lines, stdout: stdout.join('') }
}
