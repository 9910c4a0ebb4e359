import { spawn } from 'node:child_process'

/** A program of an app, while it runs. */
export interface Running {
  /** Waits for what the program prints. @throws Error It has ended, or does not print it in time. */
  prints(pattern: RegExp): Promise<string>
  /** Waits for the program's end. @returns what it printed @throws Error It fails. */
  finishes(): Promise<string>
  /** Ends it, if it runs. */
  stop(): Promise<void>
}

/** A program that hangs is ended after it; none takes a tenth of it by itself. */
const LIMIT_MS = 180_000

/** Starts a program in an app's folder. */
export function start(
  [command, ...args]: readonly [string, ...string[]],
  cwd: string,
  env: Readonly<Record<string, string | undefined>> = {},
): Running {
  // A group of its own, so that npm's children end with it.
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  let isOver = false
  const keep = (text: string) => {
    output += text
  }
  child.stdout.setEncoding('utf8').on('data', keep)
  child.stderr.setEncoding('utf8').on('data', keep)
  child.on('error', (error) => keep(error.message))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve)).finally(() => {
    isOver = true
  })
  const kill = () => {
    if (!isOver && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
  }
  process.once('exit', kill)
  const timer = setTimeout(kill, LIMIT_MS)
  void ended.then(() => {
    process.off('exit', kill)
    clearTimeout(timer)
  })
  const failed = (what: string) => new Error(`${[command, ...args].join(' ')} ${what}:\n${output.trim()}`)
  return {
    async prints(pattern) {
      for (;;) {
        const found = pattern.exec(output)
        if (found !== null) return found[1] ?? found[0]
        if (isOver) throw failed(`did not print ${pattern}`)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    },
    async finishes() {
      const code = await ended
      if (code !== 0) throw failed(`ended with ${code}`)
      return output
    },
    async stop() {
      kill()
      await ended
    },
  }
}
