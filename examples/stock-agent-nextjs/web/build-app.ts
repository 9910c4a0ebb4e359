import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { followBuild } from './follow-build.ts'
import { runNext } from './run-app.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))
const built = fileURLToPath(new URL('../.behalf/next', import.meta.url))
/** Written last, so an interrupted build has no mark. */
const mark = join(built, 'built-from')

/** Everything that the build reads. */
const SOURCES = [
  'examples/stock-agent-nextjs/{app,components,src}/**/*.{ts,tsx,css,svg}',
  'examples/stock-agent-nextjs/{next.config.ts,proxy.ts,instrumentation.ts,package.json,tsconfig.json}',
  'examples/stock-agent/src/**/*.ts',
  'packages/{core,ai-sdk,stores}/{package.json,src/**/*.ts}',
  'pnpm-lock.yaml',
]

/**
 * Builds the app, unless it was built from the same files.
 * @param write - Called with each line of the build's output. @default the output is not shown
 * @throws Error The build failed.
 */
export async function buildApp(write: (text: string) => void = () => {}): Promise<void> {
  const source = fingerprint()
  if (existsSync(mark) && readFileSync(mark, 'utf8') === source) return
  write('Building the app. It takes half a minute, and longer on a busy machine; the next start is quick.')
  const { child, ended, output } = runNext(['build'], {})
  const stopFollowing = followBuild([child.stdout, child.stderr], write)
  const code = await ended
  stopFollowing()
  if (code !== 0) throw new Error(`next build failed:\n${output()}`)
  writeFileSync(mark, source)
}

function fingerprint(): string {
  const hash = createHash('sha256').update(process.version)
  for (const file of globSync(SOURCES, { cwd: repository }).sort()) {
    hash.update(`\n${file}\n`).update(readFileSync(join(repository, file)))
  }
  return hash.digest('hex')
}
