import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import '../../vitest.temporary.ts'

// Configuration for one room: `scripts/mutation/mutate-room.ts` names the tests in the environment.
const folders = (process.env.BEHALF_MUTATION_TESTS ?? '').split(',')

export default defineConfig({
  test: {
    root: join(import.meta.dirname, '..', '..', 'packages', 'core'),
    include: folders.flatMap((folder) => [`test/unit/${folder}/**/*.test.ts`, `test/conformance/${folder}*.test.ts`]),
    setupFiles: ['test/setup.ts'],
    // These tests start processes. No mutant is active in them, and they keep running when a mutant's run ends.
    exclude: ['test/unit/sign-in/login-file-lock.test.ts', 'test/unit/records/seal.test.ts'],
    testTimeout: 20_000,
  },
})
