import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Writes into a package's manifest where its source is. npm takes provenance only when that is where it was built.
 *
 * It stands in no manifest of the repository, which may be forked and moved: the workflow knows where it runs.
 *
 * @param path - Of the package, from the repository's root.
 * @param url - Such as `https://github.com/owner/name`.
 */
export function nameRepository(base: string, path: string, url: string): void {
  const file = join(base, path, 'package.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  const repository = { type: 'git', url: `git+${url}.git`, directory: path }
  writeFileSync(file, `${JSON.stringify({ ...manifest, repository }, undefined, 2)}\n`)
}
