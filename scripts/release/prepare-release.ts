import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Packed, pack } from '../gates/packed-packages.ts'
import { publishedPackages, root } from '../gates/repository.ts'
import { runTool } from '../gates/run-tool.ts'
import { billOf } from './bill-of-materials.ts'
import { nameRepository } from './name-repository.ts'

export interface Prepared {
  readonly packed: Packed
  /** CycloneDX document, as text. */
  readonly bill: string
}

export interface PreparedRelease {
  /** The clone in which the release was made. */
  readonly folder: string
  readonly packages: readonly Prepared[]
  remove(): void
}

/** Placeholder for the repository of the workflow. No request is sent to it. */
const REPOSITORY = 'https://github.com/example/behalf'

/**
 * Makes the next release from the committed state, in a temporary clone.
 *
 * Its code is the build of this folder.
 */
export async function prepareRelease(): Promise<PreparedRelease> {
  const workshop = realpathSync(mkdtempSync(join(tmpdir(), 'behalf-release-')))
  const folder = join(workshop, 'repository')
  const remove = () => rmSync(workshop, { recursive: true, force: true })
  try {
    await run('git', ['clone', '--quiet', '--depth', '1', `file://${root}`, folder], workshop)
    const install = ['install', '--frozen-lockfile', '--prefer-offline', '--ignore-scripts']
    // pnpm links the packages to each other, so that it can write their version ranges. The root has the changesets.
    await run(
      'pnpm',
      [...install, '--filter', './packages/*', '--filter', '@behalf/scripts', '--filter', 'behalf'],
      folder,
    )
    await run('pnpm', ['exec', 'changeset', 'version'], folder)
    const packages: Prepared[] = []
    for (const { path } of publishedPackages()) {
      cpSync(join(root, path, 'dist'), join(folder, path, 'dist'), { recursive: true })
      nameRepository(folder, path, REPOSITORY)
      const manifest = JSON.parse(readFileSync(join(folder, path, 'package.json'), 'utf8'))
      const packed = await pack({ path, manifest }, workshop, folder)
      packages.push({ packed, bill: await billOf(packed.name, folder) })
    }
    return { folder, packages, remove }
  } catch (error) {
    remove()
    throw error
  }
}

/**
 * Returns what `changeset version` left undone: a changeset, a package without a version or changes, an outdated range.
 */
export function problemsOfVersions({ folder, packages }: PreparedRelease): string[] {
  const left = readdirSync(join(folder, '.changeset')).filter((name) => name.endsWith('.md') && name !== 'README.md')
  const versions = new Map(packages.map(({ packed: { name, manifest } }) => [name, manifest.version]))
  const problems = left.map((name) => `.changeset/${name} is left`)
  for (const { packed } of packages) {
    const { name, version, dependencies, peerDependencies } = packed.manifest
    const changes = join(folder, 'packages', name.replace('@behalf/', ''), 'CHANGELOG.md')
    if (version === '0.0.0') problems.push(`${name} has no version`)
    else if (!existsSync(changes) || !readFileSync(changes, 'utf8').includes(`## ${version}`))
      problems.push(`${name}: CHANGELOG.md does not tell of ${version}`)
    for (const [other, range] of Object.entries({ ...dependencies, ...peerDependencies }))
      if (versions.has(other) && range !== `^${versions.get(other)}`)
        problems.push(`${name} wants ${other} ${range}, and it is ${versions.get(other)}`)
  }
  return problems
}

async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await runTool(command, args, { cwd, env: { CI: 'true' } })
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${output}`)
}
