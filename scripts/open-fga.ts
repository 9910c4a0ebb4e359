import { serve } from './servers/serve.ts'
import { OPENFGA_VERSION, startOpenFga } from './servers/start-open-fga.ts'

// `node scripts/open-fga.ts [port]` builds OpenFGA, once, and starts it with an empty store in memory. The live suites:
// `OPENFGA_URL=… npx vitest run --config packages/…/test/live/vitest.config.ts`.
await serve(`OpenFGA ${OPENFGA_VERSION}`, startOpenFga, 8080)
