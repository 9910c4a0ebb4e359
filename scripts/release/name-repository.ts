import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Writes the address of the source into a package's manifest. npm accepts provenance only if the package was built
 * there.
 *
 * No manifest in the repository contains it, since a repository may be forked and moved. The workflow knows its own
 * address.
 *
 * @param path - Path of the package from the repository's root.
 * @param url - Address, such as `https://github.com/owner/name`.
 */
export function nameRepository(base: string, path: string, url: string): void {
  const file = join(base, path, 'package.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  const repository = { type: 'git', url: `git+${url}.git`, directory: path }
  writeFileSync(file, `${JSON.stringify({ ...manifest, repository }, undefined, 2)}\n`)
}
