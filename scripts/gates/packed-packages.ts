import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Manifest, publishedPackages, root, type WorkspacePackage } from './repository.ts'
import { runTool } from './run-tool.ts'

export interface PackedManifest extends Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly publishConfig?: { readonly access?: string; readonly provenance?: boolean }
  readonly repository?: { readonly url: string }
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

export interface Packed {
  readonly name: string
  readonly tarball: string
  /** Folder of the unpacked tarball. */
  readonly folder: string
  readonly manifest: PackedManifest
}

let packed: Promise<readonly Packed[]> | undefined

/**
 * Packs each published package with pnpm. Packs once in a process, for all gates, and deletes the result when the
 * process ends.
 *
 * Only pnpm's tarball counts. npm ignores `publishConfig.exports`, so its own would point at the sources. The packages
 * must be built.
 */
export function packedPackages(): Promise<readonly Packed[]> {
  packed ??= packAll()
  return packed
}

async function packAll(): Promise<readonly Packed[]> {
  const workshop = mkdtempSync(join(tmpdir(), 'behalf-packages-'))
  process.once('exit', () => rmSync(workshop, { recursive: true, force: true }))
  const all: Packed[] = []
  for (const one of publishedPackages()) all.push(await pack(one, workshop))
  return all
}

/** Packs one package as it would be published, and unpacks the tarball beside it. */
export async function pack({ path, manifest }: WorkspacePackage, workshop: string, base = root): Promise<Packed> {
  const folder = join(workshop, manifest.name.replace('@behalf/', ''))
  mkdirSync(folder)
  const { code, output } = await runTool('pnpm', ['pack', '--pack-destination', folder], { cwd: join(base, path) })
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  if (code !== 0 || tarball === undefined) throw new Error(`pnpm pack failed in ${path}:\n${output}`)
  const unpacked = await runTool('tar', ['-xzf', tarball], { cwd: folder })
  if (unpacked.code !== 0) throw new Error(`${tarball} cannot be unpacked:\n${unpacked.output}`)
  const asPacked = JSON.parse(readFileSync(join(folder, 'package', 'package.json'), 'utf8')) as PackedManifest
  return { name: manifest.name, tarball: join(folder, tarball), folder: join(folder, 'package'), manifest: asPacked }
}

/** Returns the import paths of a package's entry points. */
export const entriesOf = ({ name, manifest }: Packed): string[] =>
  Object.keys(manifest.exports)
    .filter((path) => path !== './package.json')
    .map((path) => name + path.slice(1))
