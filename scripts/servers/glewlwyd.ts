import { serve } from './serve.ts'
import { GLEWLWYD_VERSION, startGlewlwyd } from './start-glewlwyd.ts'

// `node scripts/servers/glewlwyd.ts [port]` downloads Glewlwyd, once, and starts it with an empty database. The live
// suite: `GLEWLWYD_URL=… npx vitest run --config packages/core/test/live/vitest.config.ts glewlwyd`.
await serve(`Glewlwyd ${GLEWLWYD_VERSION}`, startGlewlwyd, 4593)
