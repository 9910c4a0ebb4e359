import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { OpenFgaClient } from '@openfga/sdk'
import { bench } from '../../../scripts/bench/bench.ts'
import { note } from '../../../scripts/bench/figures.ts'
import { fgaClient } from '../src/entrypoints/fga.ts'
import { bundled, kilobytes, processCosts } from './weigh.ts'

// In a thread of its own, so that it takes no time of the callers'.
const serverCode = `
const { createServer } = require('node:http')
const { parentPort } = require('node:worker_threads')
const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const { checks } = JSON.parse(Buffer.concat(chunks).toString())
    const answer = checks === undefined
      ? { allowed: true }
      : { result: Object.fromEntries(checks.map((item) => [item.correlation_id, { allowed: true }])) }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`
const server = new Worker(serverCode, { eval: true })
const port = await new Promise((resolve) => server.once('message', resolve))
server.unref()

const place = {
  apiUrl: `http://127.0.0.1:${port}`,
  storeId: '01KAZ000000000000000ST0RE0',
  authorizationModelId: '01KAZ000000000000000M0DE00',
}
const ours = fgaClient(place)
const sdk = new OpenFgaClient(place)

let count = 0
/** No two alike: what identical checks share is not measured here. */
const question = () => ({ user: 'user:ann', relation: 'user_can_view', object: `portfolio:p${count++}` })
const fifty = () => Array.from({ length: 50 }, question)

const [mine, theirs] = [await ours.check(question()), await sdk.check(question())]
if (!mine.allowed || !theirs.allowed) throw new Error('the benchmark of the client is not set up right')

bench('check, from one caller', {
  run: () => ours.check(question()),
  peer: { name: '@openfga/sdk', run: () => sdk.check(question()) },
})
bench('check, fifty callers (ours travel as one batch)', {
  run: () => Promise.all(fifty().map((one) => ours.check(one))),
  peer: { name: '@openfga/sdk', run: () => Promise.all(fifty().map((one) => sdk.check(one))) },
})
bench('batch of 50', {
  run: () => ours.batchCheck(fifty()),
  peer: { name: '@openfga/sdk', run: () => sdk.batchCheck({ checks: fifty() }) },
})

const core = fileURLToPath(new URL('..', import.meta.url))
// Loaded by who has client credentials only.
const own = await bundled("export { fgaClient } from './src/entrypoints/fga.ts'", core, ['openid-client'])
const other = await bundled("export { OpenFgaClient } from '@openfga/sdk'", core)
note(`bundle, minified, gzip: ${kilobytes(own.size)}; @openfga/sdk ${kilobytes(other.size)}`)

const [bare, ...loaded] = processCosts(
  core,
  '0',
  ...[own.entry, other.entry, import.meta.resolve('@openfga/sdk')].map((entry) => `await import('${entry}')`),
)
const [mine0, theirs0, installed] = loaded.map(
  ({ milliseconds }) => `${(milliseconds - (bare?.milliseconds ?? 0)).toFixed(1)} ms`,
)
note(`cold import of that bundle: ${mine0}; @openfga/sdk ${theirs0}, and ${installed} as it is installed`)
