// Runs `@modelcontextprotocol/conformance` against this package, and counts as the suite counts.
//
//   node packages/mcp/test/conformance/run.ts
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BoundedRun, runBounded } from './run-bounded.ts'
import { serveForSuite } from './serve.ts'

/** Beyond the suite `auth`: drafts and extensions of authorization, and what a client of any kind must do. */
const clientScenarios = [
  'auth/resource-mismatch',
  'auth/offline-access-scope',
  'auth/offline-access-not-supported',
  'auth/client-credentials-jwt',
  'auth/client-credentials-basic',
  'auth/cross-app-access-complete-flow',
  'initialize',
  'tools_call',
  'sse-retry',
]

/** What a server of tools behind a gate must do; prompts, resources, sampling and completion are not ours. */
const serverScenarios = [
  'server-initialize',
  'ping',
  'tools-list',
  'tools-call-simple-text',
  'tools-call-image',
  'tools-call-audio',
  'tools-call-embedded-resource',
  'tools-call-mixed-content',
  'tools-call-error',
  'dns-rebinding-protection',
]

/** All runs together, one run, and one client within it: a loaded machine is slow, and a hung one must not hold CI. */
const TOTAL_MS = 10 * 60_000
const RUN_MS = 3 * 60_000
const CLIENT_MS = 90_000
/** Judged by the milliseconds that a client took, so a machine that was busy may try again. */
const timed: ReadonlySet<string> = new Set(['client sse-retry'])
const TIMED_TRIES = 3

const here = dirname(fileURLToPath(import.meta.url))
const manifest = createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json')
const suite = join(dirname(manifest), 'dist', 'index.js')
const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }

interface Counted {
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly output: string
}

const results = await mkdtemp(join(tmpdir(), 'behalf-mcp-conformance-'))

const end = performance.now() + TOTAL_MS

function runSuite(args: readonly string[]): Promise<BoundedRun> {
  // The suite splits the client's command at spaces, which a path may have: it is found by its name.
  const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`
  const env = { ...process.env, PATH: path, NO_COLOR: '1', FORCE_COLOR: '0' }
  const milliseconds = Math.max(0, Math.min(RUN_MS, end - performance.now()))
  return runBounded(process.execPath, [suite, ...args, '-o', results], { cwd: here, env, milliseconds })
}

/** The last count that the suite printed. Without one, the scenario did not run: that is a failure. */
function counted(name: string, output: string): Counted {
  const line = [...output.matchAll(/(?:Total|Passed): (\d+)(?:\/\d+)?(?: passed)?, (\d+) failed, (\d+) warnings/g)].at(
    -1,
  )
  if (line === undefined) return { name, passed: 0, failed: 1, output }
  return { name, passed: Number(line[1]), failed: Number(line[2]) + Number(line[3]), output }
}

const all: Counted[] = []
async function run(name: string, args: readonly string[]): Promise<void> {
  let one: Counted = { name, passed: 0, failed: 1, output: 'no time was left for it' }
  for (let tries = timed.has(name) ? TIMED_TRIES : 1; tries > 0 && performance.now() < end; tries--) {
    const { output, isOver } = await runSuite(args)
    one = isOver ? counted(name, output) : { name, passed: 0, failed: 1, output: `${output}\nended: it took too long` }
    if (one.failed === 0) break
  }
  all.push(one)
  console.log(
    `${one.failed === 0 && one.passed > 0 ? 'ok' : 'FAILED'} ${name}: ${one.passed} passed, ${one.failed} failed`,
  )
  if (one.failed > 0) console.log(one.output.replaceAll(/^/gm, '    '))
}

const client = ['client', '--command', 'node client.ts', '--timeout', String(CLIENT_MS)]
const server = await serveForSuite()
try {
  await run('client --suite auth', [...client, '--suite', 'auth'])
  for (const name of clientScenarios) await run(`client ${name}`, [...client, '--scenario', name])
  for (const name of serverScenarios) {
    await run(`server ${name}`, ['server', '--url', server.url, '--scenario', name])
  }
} finally {
  await server.close()
  await rm(results, { recursive: true, force: true })
}

const sum = (pick: (one: Counted) => number) => all.reduce((total, one) => total + pick(one), 0)
const failed = sum((one) => (one.passed === 0 && one.failed === 0 ? 1 : one.failed))
console.log(`@modelcontextprotocol/conformance ${version}, ${all.length} runs`)
console.log(`${sum((one) => one.passed)} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)
