import { defineConfig } from 'vitest/config'

// Against a real OpenFGA, so no part of `npm test`:
// OPENFGA_URL=http://127.0.0.1:8080 vitest run --config packages/core/test/live/vitest.config.ts
export default defineConfig({
  test: { name: 'core, live', root: import.meta.dirname, include: ['*.live.ts'], testTimeout: 30_000 },
})
