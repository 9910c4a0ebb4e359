import { serve } from './serve.ts'
import { SPRING_VERSION, startSpring } from './start-spring.ts'

// `node scripts/servers/spring.ts [port]` downloads Spring Authorization Server, once, and starts it with an empty
// state. The live suite: `SPRING_URL=… npx vitest run --config packages/core/test/live/vitest.config.ts spring`.
await serve(`Spring Authorization Server ${SPRING_VERSION}`, startSpring, 9000)
