import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import './vitest.temporary.ts'

// The workers, and the processes that tests start, take what they load as another one compiled it: half of a process's start.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/node')

const roots = [
  ...['packages', 'examples'].flatMap((parent) =>
    readdirSync(parent).map((name) => ({ name, root: `${parent}/${name}` })),
  ),
  { name: 'scripts', root: 'scripts' },
  { name: 'servers', root: 'scripts/servers' },
]

// vitest 5 reads this file only when it is named: `vitest --config vitest.workspace.ts`. With `LONG_TESTS` in the environment it
// takes the files of the nightly gate `long tests`, `*.long.ts`: whole servers, killed processes, and what starts a program for each step.
export default defineConfig({
  test: {
    // By itself vitest leaves one core free, which on two cores is half of them. Half of a test's time it waits: for a process, a
    // server or a timer.
    maxWorkers: 2 * availableParallelism(),
    projects: roots
      .filter(({ root }) => existsSync(`${root}/test`))
      .map(({ name, root }) => ({
        test: {
          name,
          root,
          include: [process.env.LONG_TESTS === undefined ? 'test/**/*.test.ts' : 'test/**/*.long.ts'],
          setupFiles: [
            join(import.meta.dirname, 'scripts/tests/patience.ts'),
            ...(existsSync(`${root}/test/setup.ts`) ? ['test/setup.ts'] : []),
          ],
          // A limit for what hangs, and no measure of speed: a busy machine takes many times as long.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // No state is shared through modules, and to load them again for each file is half of the work.
          isolate: false,
          // By itself a second, which a busy machine takes for nothing at all.
          expect: { poll: { timeout: 15_000 } },
        },
      })),
  },
})
