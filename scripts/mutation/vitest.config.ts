import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// What Stryker runs for one room: `scripts/mutation/mutate-room.ts` says by the environment which tests.
const folders = (process.env.BEHALF_MUTATION_TESTS ?? '').split(',')

export default defineConfig({
  test: {
    root: join(import.meta.dirname, '..', '..', 'packages', 'core'),
    include: folders.flatMap((folder) => [`test/unit/${folder}/**/*.test.ts`, `test/conformance/${folder}*.test.ts`]),
    setupFiles: ['test/setup.ts'],
    // They start processes, in which no mutant is awake, and which a mutant's end leaves behind.
    exclude: ['test/unit/device-login/login-file-lock.test.ts', 'test/unit/records/seal.test.ts'],
    testTimeout: 20_000,
  },
})
