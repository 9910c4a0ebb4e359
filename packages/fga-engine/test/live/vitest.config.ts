import { defineConfig } from 'vitest/config'

// What not every machine has: OpenFGA's sample stores beside the clone, and a real OpenFGA where OPENFGA_URL says so.
// vitest run --config packages/fga-engine/test/live/vitest.config.ts
export default defineConfig({
  test: {
    name: 'fga-engine, live',
    root: import.meta.dirname,
    include: ['*.live.ts'],
    testTimeout: 60_000,
    // Without a server and without the stores there is nothing to run, which is said aloud.
    passWithNoTests: true,
  },
})
