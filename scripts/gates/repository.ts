import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** Part of a `package.json` that the gates read. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export interface WorkspacePackage {
  /** Path from the repository's root, such as `packages/core`. */
  readonly path: string
  readonly manifest: Manifest
}

export const readManifest = (path: string): Manifest =>
  JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as Manifest

/** Returns the workspace packages under a folder, sorted by name. */
function packagesIn(parent: string): WorkspacePackage[] {
  return readdirSync(join(root, parent))
    .sort()
    .map((name) => `${parent}/${name}`)
    .filter((path) => existsSync(join(root, path, 'package.json')))
    .map((path) => ({ path, manifest: readManifest(path) }))
}

/** Returns every published package. */
export const publishedPackages = (): WorkspacePackage[] =>
  packagesIn('packages').filter(({ manifest }) => manifest.private !== true)

/** Returns files of the repository, as paths from its root, without installed or built ones. */
export function files(patterns: readonly string[], base: string = root): string[] {
  const skipped = /(^|[\\/])(node_modules|dist|coverage|\.snippets|api|site|surface)([\\/]|$)/
  return globSync([...patterns], { cwd: base })
    .filter((path) => !skipped.test(path))
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
}

/** Returns the pages that users read. */
export const pages = (base: string = root): string[] =>
  files(['*.md', 'docs/**/*.md', 'packages/*/README.md', 'examples/*/README.md'], base)
