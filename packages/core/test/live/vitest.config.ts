import { defineConfig } from 'vitest/config'
import '../../../../vitest.temporary.ts'

// Against a real OpenFGA and a real Keycloak, so no part of `npm test`:
// OPENFGA_URL=http://127.0.0.1:8080 vitest run --config packages/core/test/live/vitest.config.ts
// KEYCLOAK_URL=http://127.0.0.1:8180 vitest run --config packages/core/test/live/vitest.config.ts keycloak
export default defineConfig({
  test: {
    name: 'core, live',
    root: import.meta.dirname,
    include: ['*.live.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
