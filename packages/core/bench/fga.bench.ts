import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { OpenFgaClient } from '@openfga/sdk'
import { bench } from '../../../scripts/bench/bench.ts'
import { note } from '../../../scripts/bench/figures.ts'
import { fgaClient } from '../src/entrypoints/fga.ts'

/** esbuild stands among the repository's tools. */
const tools = createRequire(createRequire(new URL('../../../scripts/package.json', import.meta.url)).resolve('tsup'))

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

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`

interface Built {
  readonly outputs: Readonly<
    Record<
      string,
      { readonly bytes: number; readonly imports: readonly { readonly path: string; readonly kind: string }[] }
    >
  >
}

/** What an import loads at once, minified, gzip, with everything but Node itself; and the file to import. */
async function bundled(code: string, resolveDir: string): Promise<{ readonly size: number; readonly entry: string }> {
  const outdir = mkdtempSync(join(tmpdir(), 'behalf-bench-'))
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }))
  const { metafile } = (await tools('esbuild').build({
    stdin: { contents: code, resolveDir },
    absWorkingDir: outdir,
    outdir,
    bundle: true,
    minify: true,
    splitting: true,
    metafile: true,
    platform: 'node',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    banner: {
      js: "import { createRequire as requireOfBench } from 'node:module'; const require = requireOfBench(import.meta.url);",
    },
    // Loaded by who has client credentials only.
    external: ['openid-client'],
    logLevel: 'error',
  })) as { readonly metafile: Built }
  const loaded = new Set<string>()
  const load = (path: string) => {
    if (loaded.has(path)) return
    loaded.add(path)
    for (const { path: next, kind } of metafile.outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && next in metafile.outputs) load(next)
    }
  }
  load('stdin.mjs')
  const size = [...loaded].reduce((sum, path) => sum + gzipSync(readFileSync(join(outdir, path))).length, 0)
  return { size, entry: pathToFileURL(join(outdir, 'stdin.mjs')).href }
}

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const own = await bundled("export { fgaClient } from '../src/entrypoints/fga.ts'", folder('.'))
const other = await bundled("export { OpenFgaClient } from '@openfga/sdk'", folder('..'))
note(`bundle, minified, gzip: ${kilobytes(own.size)}; @openfga/sdk ${kilobytes(other.size)}`)

/** Milliseconds that an import adds to a bare process: medians of eleven, in turn. */
function importTimes(...codes: readonly string[]): readonly number[] {
  const times = codes.map((): number[] => [])
  for (let round = 0; round < 11; round++) {
    for (const [index, code] of codes.entries()) {
      const began = performance.now()
      execFileSync(process.execPath, ['--input-type=module', '--eval', code])
      times[index]?.push(performance.now() - began)
    }
  }
  return times.map((some) => some.sort((left, right) => left - right)[5] ?? Number.NaN)
}

const [bare = 0, ours0 = 0, theirs0 = 0, installed = 0] = importTimes(
  '0',
  `await import('${own.entry}')`,
  `await import('${other.entry}')`,
  `await import('${import.meta.resolve('@openfga/sdk')}')`,
)
const added = (time: number) => `${(time - bare).toFixed(1)} ms`
note(
  `cold import of that bundle: ${added(ours0)}; @openfga/sdk ${added(theirs0)}, and ${added(installed)} as it is installed`,
)
