import { defineConfig } from 'vitest/config'

// Against a real Keycloak, so no part of `npm test`:
// KEYCLOAK_URL=http://127.0.0.1:8180 vitest run --config packages/mcp/test/live/vitest.config.ts keycloak
export default defineConfig({
  test: {
    name: 'mcp, live',
    root: import.meta.dirname,
    include: ['*.live.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
