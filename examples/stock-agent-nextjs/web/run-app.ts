import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const directory = fileURLToPath(new URL('..', import.meta.url))

/** Time until the app is ended by force: a browser may hold a connection open. */
const STOP_MS = 5_000

export interface RunningApp {
  readonly process: ChildProcess
  stop(): Promise<void>
}

/** Starts the built app on loopback, and waits until it answers. The port is free. */
export async function startApp(port: number, environment: Readonly<Record<string, string>>): Promise<RunningApp> {
  const { child, ended, output } = runNext(['start', '--hostname', '127.0.0.1', '--port', String(port)], environment)
  let isOver = false
  void ended.then(() => {
    isOver = true
  })
  while (!(await isUp(port))) {
    if (isOver) throw new Error(`the app did not start:\n${output()}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return {
    process: child,
    async stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await ended
      clearTimeout(timer)
    },
  }
}

/** Runs Next.js's own command. With `SHOW_APP`, prints its output; else keeps it for an error. */
export function runNext(args: readonly string[], environment: Readonly<Record<string, string>>) {
  const next = createRequire(import.meta.url).resolve('next/dist/bin/next')
  const child = spawn(process.execPath, [next, ...args], {
    cwd: directory,
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-20_000)
    if (process.env.SHOW_APP) process.stderr.write(chunk)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const end = () => void child.kill()
  process.once('exit', end)
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  void ended.then(() => process.removeListener('exit', end))
  return { child, ended, output: () => output }
}

async function isUp(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)
  return response?.ok === true
}
