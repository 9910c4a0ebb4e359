import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Verdict, verdict } from '../gates/gate.ts'
import { entriesOf, type Packed, packedPackages } from '../gates/packed-packages.ts'
import { runTool } from '../gates/run-tool.ts'
import { bringNode, nodes, unreachable } from '../smoke/nodes.ts'
import { bringCompilers, type Compiler, checkConsumerTypes, type Major } from './check-types.ts'
import { type ConsumerRun, createProject, problemOf } from './consumer-project.ts'
import { firstProgramOf } from './first-program.ts'
import { optionalPeers, staged, stagingOf } from './first-programs.ts'
import { runInWorker } from './in-worker.ts'
import { servePackages } from './serve-packages.ts'

interface Surroundings {
  readonly workshop: string
  readonly registry: string
  readonly compilers: readonly Compiler[]
  /** Path of each Node, by the version that was asked for. */
  readonly runtimes: ReadonlyMap<string, string>
}

/** Maximum time of a program, in milliseconds: each takes less than a tenth of it alone. */
const TIMEOUT = 60_000
/** Number of parallel processes: one for each of two cores. */
const AT_ONCE = 2

/**
 * Tests the packages as a user with npm gets them: installed outside the workspace as their READMEs say. Compiles and
 * runs the READMEs' first programs there.
 *
 * The packages must be built.
 */
export async function checkConsumers(versions = nodes.slice(), majors?: Major[]): Promise<Verdict> {
  // A package without an entry is a program: the gate `new app` runs it.
  const packed = (await packedPackages()).filter((one) => entriesOf(one).length > 0)
  const workshop = realpathSync(mkdtempSync(join(tmpdir(), 'behalf-consumers-')))
  const registry = await servePackages(packed)
  try {
    const runtimes = new Map<string, string>()
    for (const version of versions) {
      const node = await bringNode(version)
      if (node !== undefined) runtimes.set(version, node)
    }
    const surroundings = {
      workshop,
      registry: registry.url,
      compilers: await bringCompilers(workshop, majors),
      runtimes,
    }
    const work = [
      ...packed.map((one) => () => settled(one.name, asConsumer(one, surroundings))),
      () => settled('two copies of core', withTwoCopies(surroundings)),
    ]
    const missing = versions.filter((version) => !runtimes.has(version))
    const runs = [
      ...(await inTurn(work)).flat(),
      ...missing.map((version): ConsumerRun => ({ what: `Node ${version}`, notRun: true })),
    ]
    const problems = runs.flatMap(({ what, problem }) => (problem === undefined ? [] : [`${what}\n${problem}`]))
    return verdict(problems, `${runs.length} programs hold`)
  } finally {
    registry.close()
    rmSync(workshop, { recursive: true, force: true })
  }
}

async function settled(what: string, running: Promise<ConsumerRun[]>): Promise<ConsumerRun[]> {
  try {
    return await running
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    return [unreachable.test(problem) ? { what, notRun: true } : { what, problem }]
  }
}

/** Tests a package alone in a project, with the packages that its README installs. */
async function asConsumer(one: Packed, surroundings: Surroundings): Promise<ConsumerRun[]> {
  const { name, folder, manifest } = one
  const short = name.replace('@behalf/', '')
  const { installed, checked, code, imports } = firstProgramOf(readFileSync(join(folder, 'README.md'), 'utf8'))
  const forgotten = imports.filter((wanted) => !installed.includes(wanted))
  if (forgotten.length > 0)
    return [
      { what: name, problem: `the README's first program imports ${forgotten.join(', ')}, which it does not install` },
    ]
  const staging = stagingOf(one)
  const project = await createProject(
    join(surroundings.workshop, short),
    [...installed, ...optionalPeers(one), ...staging.needs, '@types/node@24'],
    surroundings.registry,
  )
  const runs = await checkConsumerTypes(project, checked, entriesOf(one), surroundings.compilers)
  await project.writeProgram(staged(code, staging))
  project.bring('world.mjs', `${short}.mjs`, 'require.cjs')
  // The contract suites import vitest, which loads only in its own runner.
  const entries = entriesOf(one).filter((entry) => manifest.peerDependencies?.vitest === undefined || entry === name)
  const results = [...runs]
  for (const [version, node] of surroundings.runtimes) {
    results.push(await run(node, [`${short}.mjs`], `first program, on Node ${version}`, project.folder))
    results.push(await run(node, ['require.cjs', ...entries], `by require, on Node ${version}`, project.folder))
  }
  if (name === '@behalf/core') results.push({ ...(await runInWorker(project)) })
  return results.map(({ what, ...rest }) => ({ what: `${name}: ${what}`, ...rest }))
}

async function run(node: string, args: readonly string[], what: string, cwd: string): Promise<ConsumerRun> {
  const problem = problemOf(what, await runTool(node, args, { cwd, timeoutMs: TIMEOUT }))
  return problem === undefined ? { what } : { what, problem }
}

/** Checks that two copies of core share what one of them verified, set or threw. */
async function withTwoCopies({ workshop, registry, runtimes }: Surroundings): Promise<ConsumerRun[]> {
  const what = ['@behalf/core', 'other-core@npm:@behalf/core', '@behalf/testing', 'msw', 'zod']
  const project = await createProject(join(workshop, 'two-copies'), what, registry)
  project.bring('world.mjs', 'two-copies.mjs')
  const results: ConsumerRun[] = []
  for (const [version, node] of runtimes)
    results.push(await run(node, ['two-copies.mjs'], `two copies of core, on Node ${version}`, project.folder))
  return results
}

async function inTurn<Result>(work: readonly (() => Promise<Result>)[]): Promise<Result[]> {
  const results: Result[] = []
  const left = [...work.entries()]
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) results[next[0]] = await next[1]()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return results
}
