import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { runTool } from '../gates/run-tool.ts'

/** The release that the engine is held to. It needs Go 1.25.7 or newer. */
export const OPENFGA_VERSION = 'v1.22.1'

/** A first build compiles some hundred modules. */
const BUILD_MINUTES = 6
const START_SECONDS = 30

/** An OpenFGA of our own, with its store in memory. */
export interface OpenFga {
  readonly url: string
  /** Resolves when the process has ended. */
  stop(): Promise<void>
}

/**
 * Builds OpenFGA with Go, once a version, outside the clone, and starts it on free loopback ports.
 *
 * @returns why not, in words, where there is no Go, or it cannot build
 */
export async function startOpenFga(port?: number): Promise<OpenFga | string> {
  const folder = join(tmpdir(), `behalf-openfga-${OPENFGA_VERSION}`)
  const binary = join(folder, process.platform === 'win32' ? 'openfga.exe' : 'openfga')
  const problem = existsSync(binary) ? undefined : await build(folder)
  if (problem !== undefined) return problem
  const [http, grpc] = [port ?? (await freePort()), await freePort()]
  const url = `http://127.0.0.1:${http}`
  const child = spawn(
    binary,
    [
      ...['run', '--datastore-engine', 'memory', '--log-level', 'error'],
      ...['--http-addr', `127.0.0.1:${http}`, '--grpc-addr', `127.0.0.1:${grpc}`],
      ...['--metrics-enabled=false', '--playground-enabled=false'],
    ],
    { stdio: 'ignore' },
  )
  const end = () => child.kill()
  process.once('exit', end)
  const stop = async () => {
    process.off('exit', end)
    await ended(child)
  }
  if (await answers(url, child)) return { url, stop }
  await stop()
  return `OpenFGA ${OPENFGA_VERSION} does not answer`
}

async function build(folder: string): Promise<string | undefined> {
  const version = await runTool('go', ['version'])
  if (version.code !== 0) return 'there is no Go toolchain to build OpenFGA with'
  console.log(`building OpenFGA ${OPENFGA_VERSION}, which takes some minutes the first time`)
  const target = `github.com/openfga/openfga/cmd/openfga@${OPENFGA_VERSION}`
  const made = await Promise.race([
    runTool('go', ['install', target], { env: { GOBIN: folder, GOFLAGS: '-buildvcs=false' } }),
    wait(BUILD_MINUTES * 60_000, undefined, { ref: false }),
  ])
  if (made === undefined) return `OpenFGA was not built within ${BUILD_MINUTES} minutes`
  return made.code === 0 ? undefined : `OpenFGA does not build: ${made.output.trim().split('\n').at(-1)}`
}

async function answers(url: string, child: ChildProcess): Promise<boolean> {
  const until = Date.now() + START_SECONDS * 1000
  while (Date.now() < until && child.exitCode === null) {
    const response = await fetch(`${url}/healthz`).catch(() => undefined)
    if (response?.ok === true) return true
    await wait(100)
  }
  return false
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill()
  await gone
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
