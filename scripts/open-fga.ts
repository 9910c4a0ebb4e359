import { OPENFGA_VERSION, startOpenFga } from './servers/start-open-fga.ts'

// `node scripts/open-fga.ts [port]` builds OpenFGA where that was not done, starts it with an empty store in memory,
// and stops it with Ctrl-C. The live suites are then run by `OPENFGA_URL=… npx vitest run --config packages/…/test/live/vitest.config.ts`.
const port = process.argv[2]
const started = await startOpenFga(port === undefined ? 8080 : Number(port))
if (typeof started === 'string') {
  console.log(`not run: ${started}`)
  process.exitCode = 1
} else {
  console.log(`OpenFGA ${OPENFGA_VERSION} answers at ${started.url}; Ctrl-C stops it`)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void started.stop())
}
