import { defineConfig } from 'vitest/config'

// Against a real Restate, so no part of `npm test`. In another folder: `npm install @restatedev/restate-sdk @restatedev/restate-server`.
// RESTATE_HOME=<that folder> vitest run --config packages/stores/test/restate/vitest.config.ts
export default defineConfig({
  test: { name: 'stores, Restate', root: import.meta.dirname, include: ['*.live.ts'], testTimeout: 120_000 },
})
