import { KEYCLOAK_VERSION, startKeycloak } from './servers/start-keycloak.ts'

// `node scripts/keycloak.ts [port]` brings Keycloak through Maven where that was not done, starts it in development mode
// with nothing kept, and stops it with Ctrl-C. The live suite is then run by
// `KEYCLOAK_URL=… npx vitest run --config packages/core/test/live/vitest.config.ts keycloak`.
const port = process.argv[2]
const started = await startKeycloak(port === undefined ? 8180 : Number(port))
if (typeof started === 'string') {
  console.log(`not run: ${started}`)
  process.exitCode = 1
} else {
  console.log(`Keycloak ${KEYCLOAK_VERSION} answers at ${started.url}; Ctrl-C stops it`)
  process.once('SIGINT', () => void started.stop())
}
