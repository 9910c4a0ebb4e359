import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'
import { build, type Plugin } from 'esbuild'
import type { Globals } from './globals.ts'

/** Core, as a simulated process has it. */
export type Sdk = typeof import('./entry.ts')

/** Evaluates a copy of core that shares nothing with any other. */
export type Boot = (globals: Globals) => Sdk

const core = fileURLToPath(new URL('../..', import.meta.url))
const breaks = join(core, 'test/world/known-breaks')
const shadowed = [
  ...['Date', 'performance', 'Math', 'setTimeout', 'setImmediate', 'setInterval', 'clearTimeout', 'clearInterval'],
  ...['clearImmediate', 'crypto', 'CryptoKey', 'AbortSignal', 'fetch', 'globalThis'],
]

/** Gives core the caches of `small-caches.ts`. */
const smallCaches: Plugin = {
  name: 'small caches',
  setup({ onResolve }) {
    const path = join(core, 'test/world/small-caches.ts')
    onResolve({ filter: /^lru-cache$/ }, ({ importer }) => (importer === path ? undefined : { path }))
  },
}

/**
 * Bundles core with its dependencies into one script whose clocks, timers, randomness, cryptography and network are
 * parameters.
 *
 * @param knownBreak - Its name in `known-breaks`: the patch takes the mend out of a copy of the source first.
 */
export async function bundle(knownBreak?: string): Promise<Boot> {
  const copy = knownBreak === undefined ? undefined : patchedCopy(join(breaks, `${knownBreak}.patch`))
  try {
    const result = await build({
      entryPoints: [join(copy ?? core, 'test/world/entry.ts')],
      bundle: true,
      write: false,
      format: 'cjs',
      platform: 'node',
      target: 'node22',
      // Where the copy lies outside of the workspace.
      nodePaths: [join(core, 'node_modules')],
      plugins: [smallCaches],
      logLevel: 'error',
    })
    return bootOf(result.outputFiles[0]?.text ?? '')
  } finally {
    if (copy !== undefined) rmSync(copy, { recursive: true })
  }
}

/** The rows of breaks that were mended, by the names of their patches. */
export const knownBreaks = (): readonly string[] =>
  readdirSync(breaks)
    .map((file) => file.replace('.patch', ''))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))

/** Those whose patches do not apply to the source of today, and what git says of them. */
export function inapplicableBreaks(): readonly string[] {
  const copy = sourceCopy()
  try {
    return knownBreaks().flatMap((name) => {
      try {
        apply(join(breaks, `${name}.patch`), copy, ['--check'])
        return []
      } catch (error) {
        return [`${name}: ${error}`]
      }
    })
  } finally {
    rmSync(copy, { recursive: true })
  }
}

function bootOf(code: string): Boot {
  const script = new Script(`(function (module, require, ${shadowed.join(', ')}) {${code}\n})`, {
    filename: 'core-in-the-world.cjs',
  })
  const evaluate = script.runInThisContext() as (...given: unknown[]) => void
  const require = createRequire(import.meta.url)
  return (globals) => {
    const module = { exports: {} }
    evaluate(module, require, ...shadowed.map((name) => globals[name]))
    return module.exports as Sdk
  }
}

function patchedCopy(patch: string): string {
  const copy = sourceCopy()
  apply(patch, copy)
  return copy
}

function sourceCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), 'behalf-world-'))
  cpSync(join(core, 'src'), join(copy, 'src'), { recursive: true })
  cpSync(join(core, 'test/world/entry.ts'), join(copy, 'test/world/entry.ts'), { recursive: true })
  return copy
}

function apply(patch: string, copy: string, options: readonly string[] = []): void {
  execFileSync('git', ['apply', ...options, '-C1', '--whitespace=nowarn', patch], {
    cwd: copy,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}
