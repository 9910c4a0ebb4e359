import { startVitest, type TestCase, type TestModule, type TestSuite, type Vitest } from 'vitest/node'
import { countResults, type Part, type ResultNode, type TestRun } from './report.ts'

/**
 * Deadline, far longer than all tests and gates take on two cores. It lets a file that never ends be reported by name.
 */
const DEADLINE_MINUTES = 60

/**
 * Runs the tests of every package and example. Type tests (`*.test-d.ts`) are compiled by the gate `types`.
 *
 * After the deadline it counts unfinished tests as failed; the caller has to end the process and its workers.
 *
 * @param filters - Parts of file names. An empty list runs everything.
 */
export async function runTests(
  filters: readonly string[],
  {
    deadlineMinutes = DEADLINE_MINUTES,
    ...options
  }: { readonly root?: string; readonly config?: string; readonly deadlineMinutes?: number } = {},
): Promise<TestRun & { readonly files: readonly Part[] }> {
  let vitest: Vitest | undefined
  const running = startVitest([...filters], {
    run: true,
    watch: false,
    // Named explicitly, since vitest does not find a file of this name.
    config: 'vitest.workspace.ts',
    reporters: [
      'default',
      {
        onInit: (started) => {
          vitest = started
        },
      },
    ],
    ...options,
  })
  const timer = Promise.withResolvers<'late'>()
  const timeout = setTimeout(() => timer.resolve('late'), deadlineMinutes * 60_000)
  const ended = await Promise.race([running, timer.promise])
  clearTimeout(timeout)
  if (vitest === undefined) throw new Error('vitest did not start')
  const unhandled = vitest.state.getUnhandledErrors().map((error) => ({ message: messageOf(error) }))
  if (ended === 'late') unhandled.push({ message: `the tests did not end within ${deadlineMinutes} minutes` })
  const modules = vitest.state.getTestModules()
  const result = { ...countResults(modules.map(describe), unhandled), files: modules.map(timeOf) }
  if (ended !== 'late') await vitest.close()
  return result
}

/** Returns the time that a file takes of a worker, including its imports. */
function timeOf(module: TestModule): Part {
  const { collectDuration, setupDuration, environmentSetupDuration, prepareDuration, duration } = module.diagnostic()
  const ms = collectDuration + setupDuration + environmentSetupDuration + prepareDuration + duration
  return { name: `${module.project.name}: ${module.relativeModuleId}`, seconds: ms / 1000 }
}

function describe(node: TestModule | TestSuite | TestCase): ResultNode {
  if (node.type === 'test') {
    const result = node.result()
    const note = result.state === 'skipped' ? result.note : undefined
    return {
      type: 'test',
      name: node.name,
      problems: (result.errors ?? []).map((error) => ({ message: messageOf(error) })),
      state: result.state,
      children: [],
      ...(note === undefined ? {} : { note }),
    }
  }
  const name = node.type === 'module' ? `${node.project.name}: ${node.relativeModuleId}` : node.name
  const state = node.state()
  return {
    type: node.type,
    name,
    problems: node.errors().map((error) => ({ message: messageOf(error) })),
    state: state === 'queued' ? 'pending' : state,
    children: node.children.array().map(describe),
  }
}

const messageOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error)
