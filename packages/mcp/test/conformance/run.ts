// Runs `@modelcontextprotocol/conformance` against this package, and counts as the suite counts.
//
//   node packages/mcp/test/conformance/run.ts
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
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

function runSuite(args: readonly string[]): Promise<string> {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' }
  return new Promise((resolve) => {
    // The exit code says less than the counts; a crash leaves none.
    execFile(
      process.execPath,
      [suite, ...args, '-o', results],
      { env, timeout: 180_000, maxBuffer: 64 * 1024 * 1024 },
      (_error, stdout, stderr) => resolve(stdout + stderr),
    )
  })
}

/** The last count that the suite printed. Without one, the scenario did not run: that is a failure. */
function counted(name: string, output: string): Counted {
  const line = [...output.matchAll(/(?:Total|Passed): (\d+)(?:\/\d+)?(?: passed)?, (\d+) failed, (\d+) warnings/g)].at(
    -1,
  )
  if (line === undefined) return { name, passed: 0, failed: 1, output }
  return { name, passed: Number(line[1]), failed: Number(line[2]) + Number(line[3]), output }
}

const command = `${process.execPath} ${join(here, 'client.ts')}`
const all: Counted[] = []
function add(name: string, output: string): void {
  const one = counted(name, output)
  all.push(one)
  console.log(
    `${one.failed === 0 && one.passed > 0 ? 'ok' : 'FAILED'} ${name}: ${one.passed} passed, ${one.failed} failed`,
  )
  if (one.failed > 0) console.log(output.replaceAll(/^/gm, '    '))
}

const server = await serveForSuite()
try {
  add('client --suite auth', await runSuite(['client', '--command', command, '--suite', 'auth']))
  for (const name of clientScenarios) {
    add(`client ${name}`, await runSuite(['client', '--command', command, '--scenario', name]))
  }
  for (const name of serverScenarios) {
    add(`server ${name}`, await runSuite(['server', '--url', server.url, '--scenario', name]))
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
