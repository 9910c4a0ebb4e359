import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const directory = fileURLToPath(new URL('..', import.meta.url))
const next = createRequire(import.meta.url).resolve('next/dist/bin/next')

export interface RunningApp {
  readonly process: ChildProcess
  stop(): Promise<void>
}

/** Builds the app. @throws Error It does not build. */
export async function buildApp(): Promise<void> {
  const { ended, output } = run(['build'], {})
  if ((await ended) !== 0) throw new Error(`next build failed:\n${output()}`)
}

/** Starts the built app on loopback, and waits until it answers. */
export async function startApp(port: number, environment: Readonly<Record<string, string>>): Promise<RunningApp> {
  const { child, ended, output } = run(['start', '--hostname', '127.0.0.1', '--port', String(port)], environment)
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
      await ended
    },
  }
}

function run(args: readonly string[], environment: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [next, ...args], {
    cwd: directory,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-20_000)
    if (process.env.SHOW_APP) process.stderr.write(chunk)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  return { child, ended, output: () => output }
}

async function isUp(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)
  return response?.ok === true
}
