import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const roots = [
  ...['packages', 'examples'].flatMap((parent) =>
    readdirSync(parent).map((name) => ({ name, root: `${parent}/${name}` })),
  ),
  { name: 'scripts', root: 'scripts' },
]

// vitest 5 reads this file only when it is named: `vitest --config vitest.workspace.ts`.
export default defineConfig({
  test: {
    // By itself vitest leaves one core free, which on two cores is half of them; many tests only wait.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: roots
      .filter(({ root }) => existsSync(`${root}/test`))
      .map(({ name, root }) => ({
        test: {
          name,
          root,
          include: ['test/**/*.test.ts'],
          testTimeout: 20_000,
          // By itself a second, which a busy machine takes for nothing at all.
          expect: { poll: { timeout: 15_000 } },
          typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: 'tsconfig.json' },
        },
      })),
  },
})
