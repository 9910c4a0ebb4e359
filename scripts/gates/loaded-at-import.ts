import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './repository.ts'

/** Files that a process reads to import the built core. */
export interface Loaded {
  readonly files: number
  readonly bytes: number
}

/** More than this, and somebody's cold start pays for a room that they do not use. */
export const mostLoaded: Loaded = { files: 26, bytes: 620_000 }

/** What importing core's main door reads. The package must be built. */
export function measureLoaded(): Loaded {
  const entry = pathToFileURL(join(root, 'packages', 'core', 'dist', 'index.js')).href
  const program = `
    import { registerHooks } from 'node:module'
    import { statSync } from 'node:fs'
    const read = []
    registerHooks({ load: (url, context, next) => { if (url.startsWith('file:')) read.push(statSync(new URL(url)).size); return next(url, context) } })
    await import(${JSON.stringify(entry)})
    console.log(JSON.stringify({ files: read.length, bytes: read.reduce((sum, size) => sum + size, 0) }))`
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })
  return JSON.parse(output) as Loaded
}
