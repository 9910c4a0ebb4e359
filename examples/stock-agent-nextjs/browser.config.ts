import { defineConfig } from 'vitest/config'

// Apart from `npm test`: the app is built first, and a browser has to be there. `npm run check -- 'web app'` runs it.
export default defineConfig({
  test: {
    name: 'stock-agent-nextjs (browser)',
    include: ['browser/**/*.test.ts'],
    globalSetup: './browser/set-up.ts',
    // Each file has a sandbox, an app and a browser of its own; most of the time all of them wait.
    maxWorkers: 2,
    // Never reached but by what hangs: a machine with other work takes ten times as long.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
})
