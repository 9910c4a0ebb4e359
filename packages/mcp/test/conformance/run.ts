// Runs `@modelcontextprotocol/conformance` against this package, each scenario as the suite judges it.
//
//   node packages/mcp/test/conformance/run.ts [only runs whose name has this text]
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BoundedRun, runBounded } from './run-bounded.ts'
import { serveForSuite } from './serve.ts'

/** All runs together, one run, and one client within it: a loaded machine is slow, and a hung one must not hold CI. */
const TOTAL_MS = 30 * 60_000
const RUN_MS = 2 * 60_000
const CLIENT_MS = 60_000
const AT_A_TIME = 2
/** Judged by the milliseconds that a client took, so a machine that was busy may try again. */
const timed: ReadonlySet<string> = new Set(['sse-retry'])
const TIMED_TRIES = 3

const NO_TASKS = 'the SDK has no server for the extension of tasks'
const NO_DPOP = 'the client of SDK 1 has no DPoP'
const NO_SKILLS = 'the SDK does not have the extension of skills'

/** What is not supported, by the side and the scenario. A run that passes although it is named here is a failure. */
const unsupported: Readonly<Record<string, string>> = {
  'client auth/2025-03-26-oauth-endpoint-fallback':
    'a server without metadata is refused: it announces no PKCE, and names no issuer',
  'client auth/enterprise-managed-authorization':
    'the identity provider of the suite omits `response_types_supported` (RFC 8414 §2): an app gives `tokenEndpoint`',
  'client v1 auth/dpop': NO_DPOP,
  'client v1 auth/dpop-nonce': NO_DPOP,
  'client sep-2640-client-no-prefetch': NO_SKILLS,
  'client sep-2640-client-verify-digest': NO_SKILLS,
  'client sep-2640-client-verify-size': NO_SKILLS,
  'client sep-2640-client-verify-frontmatter': NO_SKILLS,
  'server v1 json-schema-2020-12': 'SDK 1 takes schemas of zod only, which lose these keywords',
  'server sep-2640-skills-directory': NO_SKILLS,
  'server sep-2640-skills-enumeration': NO_SKILLS,
  'server sep-2640-skills-manifest': NO_SKILLS,
  'server tasks-lifecycle': NO_TASKS,
  'server tasks-capability-negotiation': NO_TASKS,
  'server tasks-wire-fields': NO_TASKS,
  'server tasks-request-state-removal': NO_TASKS,
  'server tasks-mrtr-input': NO_TASKS,
  'server tasks-request-headers': NO_TASKS,
  'server tasks-dispatch-and-envelope': NO_TASKS,
  'server tasks-status-notifications': NO_TASKS,
  'server tasks-required-task-error': NO_TASKS,
  'server tasks-mrtr-composition': NO_TASKS,
}

const here = dirname(fileURLToPath(import.meta.url))
const manifest = createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json')
const suite = join(dirname(manifest), 'dist', 'index.js')
const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
const [, , only = ''] = process.argv

const results = await mkdtemp(join(tmpdir(), 'behalf-mcp-conformance-'))
const end = performance.now() + TOTAL_MS

function runSuite(args: readonly string[]): Promise<BoundedRun> {
  // The suite splits the client's command at spaces, which a path may have: it is found by its name.
  const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`
  const env = { ...process.env, PATH: path, NO_COLOR: '1', FORCE_COLOR: '0' }
  const milliseconds = Math.max(0, Math.min(RUN_MS, end - performance.now()))
  return runBounded(process.execPath, [suite, ...args], { cwd: here, env, milliseconds })
}

interface Scenario {
  readonly name: string
  /** Revisions of the protocol, or `extension`. */
  readonly at: readonly string[]
}

/** Reads the scenarios of one side from what the suite lists. */
async function scenariosOf(side: 'client' | 'server'): Promise<readonly Scenario[]> {
  const { output } = await runSuite(['list', `--${side}`])
  const found = [...output.matchAll(/^ {2}- (\S+) \[([^\]]+)\]$/gm)]
  return found.map(([, name = '', at = '']) => ({ name, at: at.split(',') }))
}

interface Run {
  readonly name: string
  readonly scenario: string
  readonly args: readonly string[]
  /** Why it is expected to fail. */
  readonly unsupported: string | undefined
}

const LATEST = '2026-07-28'
const isOlder = ({ at }: Scenario) => at.some((revision) => revision !== LATEST)
const isLatest = ({ at }: Scenario) => at.includes(LATEST)
const latest = ['--spec-version', LATEST]

const EMPLOYEE = 'auth/enterprise-managed-authorization'
const isEmployee = ({ name }: Scenario) => name === EMPLOYEE

/** The same programs at the wire that the suite takes by itself, at the latest revision, and as they find it. */
const clients = [
  { name: 'client v2', command: 'node client.ts v2', takes: () => true, args: [] },
  { name: `client v2 at ${LATEST}`, command: 'node client.ts v2', takes: isLatest, args: latest },
  { name: 'client v2 auto', command: 'node client.ts auto', takes: () => true, args: [] },
  { name: 'client v1', command: 'node client.ts v1', takes: isOlder, args: [] },
  { name: 'tokenEndpoint given: v2', command: 'node client.ts v2 --token-endpoint', takes: isEmployee, args: [] },
  { name: 'tokenEndpoint given: v1', command: 'node client.ts v1 --token-endpoint', takes: isEmployee, args: [] },
]

async function runsOfClients(): Promise<readonly Run[]> {
  const scenarios = await scenariosOf('client')
  return clients.flatMap(({ name, command, takes, args }) =>
    scenarios.filter(takes).map(({ name: scenario }) => ({
      name: `${name} ${scenario}`,
      scenario,
      args: ['client', '--command', command, '--timeout', `${CLIENT_MS}`, ...args, '--scenario', scenario],
      unsupported: name.startsWith('client')
        ? (unsupported[`${name} ${scenario}`] ?? unsupported[`client ${scenario}`])
        : undefined,
    })),
  )
}

async function runsOfServers(v2: string, v1: string): Promise<readonly Run[]> {
  const scenarios = await scenariosOf('server')
  return [
    { name: 'server v2', url: v2, takes: () => true, args: [] },
    { name: `server v2 at ${LATEST}`, url: v2, takes: isLatest, args: latest },
    { name: 'server v1', url: v1, takes: isOlder, args: [] },
  ].flatMap(({ name, url, takes, args }) =>
    scenarios.filter(takes).map(({ name: scenario }) => ({
      name: `${name} ${scenario}`,
      scenario,
      args: ['server', '--url', url, ...args, '--scenario', scenario],
      unsupported: unsupported[`${name} ${scenario}`] ?? unsupported[`server ${scenario}`],
    })),
  )
}

/** Checks that the suite counted, over all its scenarios. */
let checks = 0

/** Without a count, a scenario did not run; with the check of its messages alone, it skipped what it is about. */
function passedChecks(output: string): number {
  const [, passed = '0'] = output.match(/^Passed: (\d+)\/\d+/m) ?? []
  const ofMessages = /\[wire-schema-valid *\][^\n]*SUCCESS/.test(output) ? 1 : 0
  return Number(passed) > ofMessages ? Number(passed) : 0
}

/** @returns What is wrong with it. */
async function judge(run: Run): Promise<string | undefined> {
  let last: BoundedRun = { output: 'no time was left for it', isOver: false, code: undefined }
  for (let tries = timed.has(run.scenario) ? TIMED_TRIES : 1; tries > 0 && performance.now() < end; tries--) {
    last = await runSuite([...run.args, '-o', results])
    if (last.code === 0) break
  }
  const passed = last.code === 0 ? passedChecks(last.output) : 0
  checks += passed
  const isPassed = passed > 0
  if (run.unsupported !== undefined) {
    return isPassed ? `passes now, and is named as not supported: ${run.unsupported}` : undefined
  }
  return isPassed ? undefined : `${last.output}${last.isOver ? '' : '\nended: it took too long'}`
}

const servers = [await serveForSuite('v2'), await serveForSuite('v1')] as const
let passed = 0
const expected: string[] = []
const wrong: string[] = []
try {
  const all = [...(await runsOfClients()), ...(await runsOfServers(servers[0].url, servers[1].url))].filter(
    ({ name }) => name.includes(only),
  )
  if (all.length === 0) throw new Error('the suite lists no scenario')
  const left = all.values()
  const work = async () => {
    for (const run of left) {
      const fault = await judge(run)
      if (fault !== undefined) wrong.push(run.name)
      else if (run.unsupported !== undefined) expected.push(`${run.name}: ${run.unsupported}`)
      else passed += 1
      const state = run.unsupported === undefined ? 'ok' : 'not supported'
      console.log(
        fault === undefined ? `${state} ${run.name}` : `FAILED ${run.name}\n${fault.replaceAll(/^/gm, '    ')}`,
      )
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, work))
} finally {
  for (const server of servers) await server.close()
  await rm(results, { recursive: true, force: true })
}

for (const line of expected.sort()) console.log(`not supported: ${line}`)
console.log(`@modelcontextprotocol/conformance ${version}, ${checks} checks`)
console.log(`${passed} scenarios passed, ${expected.length} not supported, ${wrong.length} failed`)
process.exit(wrong.length > 0 ? 1 : 0)
