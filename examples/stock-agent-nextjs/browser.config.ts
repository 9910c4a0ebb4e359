import { defineConfig } from 'vitest/config'

// Separate from `npm test`: it builds the app first, and needs a browser. `npm run check -- 'web app'` runs it. With
// `LONG_TESTS` in the environment it takes the files of the nightly gate `long web app tests`, `*.long.ts`.
export default defineConfig({
  test: {
    name: 'stock-agent-nextjs (browser)',
    include: [process.env.LONG_TESTS === undefined ? 'browser/**/*.test.ts' : 'browser/**/*.long.ts'],
    globalSetup: './browser/set-up.ts',
    // Each file has its own sandbox, app and browser; most of the time, all of them wait.
    maxWorkers: 3,
    // Only a test that hangs reaches it: a busy machine takes ten times as long.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
})
