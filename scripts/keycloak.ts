import { serve } from './servers/serve.ts'
import { KEYCLOAK_VERSION, startKeycloak } from './servers/start-keycloak.ts'

// `node scripts/keycloak.ts [port]` brings Keycloak through Maven and builds it where that was not done, and starts it with
// nothing kept. The live suite: `KEYCLOAK_URL=… npx vitest run --config packages/core/test/live/vitest.config.ts keycloak`.
await serve(`Keycloak ${KEYCLOAK_VERSION}`, startKeycloak, 8180)
