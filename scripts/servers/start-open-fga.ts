import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { runTool } from '../gates/run-tool.ts'
import { ownFolder, type RunningServer, runServer } from './run-server.ts'

/** The release with which the engine is compared. It needs Go 1.25.7 or newer. */
export const OPENFGA_VERSION = 'v1.22.1'

/** A first build compiles some hundred modules. */
const BUILD_MINUTES = 6
const START_SECONDS = 30

/**
 * Builds OpenFGA with Go, once for each version, outside the clone, and starts it on free loopback ports.
 *
 * @returns The reason of a failure, in words: Go is missing, or the build failed.
 */
export async function startOpenFga(port?: number): Promise<RunningServer | string> {
  const folder = join(tmpdir(), `behalf-openfga-${OPENFGA_VERSION}`)
  const binary = join(folder, process.platform === 'win32' ? 'openfga.exe' : 'openfga')
  const problem = (await ownFolder(folder)) ?? (existsSync(binary) ? undefined : await build(folder))
  if (problem !== undefined) return problem
  const [http, grpc] = [port ?? (await freePort()), await freePort()]
  const running = await runServer({
    command: binary,
    args: [
      ...['run', '--datastore-engine', 'memory', '--log-level', 'error'],
      ...['--http-addr', `127.0.0.1:${http}`, '--grpc-addr', `127.0.0.1:${grpc}`],
      ...['--metrics-enabled=false', '--playground-enabled=false'],
    ],
    url: `http://127.0.0.1:${http}`,
    probe: '/healthz',
    startSeconds: START_SECONDS,
    probeMs: 100,
  })
  return running ?? `OpenFGA ${OPENFGA_VERSION} does not answer`
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

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
