import { serve } from './servers/serve.ts'
import { KEYCLOAK_VERSION, startKeycloak } from './servers/start-keycloak.ts'

// `node scripts/keycloak.ts [port]` downloads Keycloak with Maven and builds it, once, and starts it with an empty
// database. The live suite: `KEYCLOAK_URL=… npx vitest run --config packages/core/test/live/vitest.config.ts keycloak`.
await serve(`Keycloak ${KEYCLOAK_VERSION}`, startKeycloak, 8180)
