import { defineConfig } from 'vitest/config'

// Apart from `npm test` as yet: the app has to be built first, and a browser be there.
export default defineConfig({
  test: {
    name: 'stock-agent-nextjs (browser)',
    include: ['browser/**/*.test.ts'],
    globalSetup: './browser/build.ts',
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
