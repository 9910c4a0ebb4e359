import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { servePackages } from '../consumers/serve-packages.ts'
import { problemsOfBill } from '../release/bill-of-materials.ts'
import { checkWorkflow, type Known } from '../release/check-workflow.ts'
import { type Prepared, prepareRelease, problemsOfVersions } from '../release/prepare-release.ts'
import { publish } from '../release/publish.ts'
import { lookInside } from './check-packed.ts'
import { type Verdict, verdict } from './gate.ts'
import { root } from './repository.ts'

/**
 * Makes a release without its last step: versions from the changesets in a clone, tarballs, `npm publish --dry-run`,
 * bills of materials. Also checks that the commands of the workflows exist.
 *
 * It releases the committed state. The packages must be built.
 */
export async function checkRelease(): Promise<Verdict> {
  const workflows = checkWorkflows()
  const release = await prepareRelease()
  try {
    const problems = [...workflows.problems, ...problemsOfVersions(release)]
    const empty = await servePackages([])
    try {
      for (const one of release.packages) problems.push(...(await problemsOfPackage(one, empty.url)))
    } finally {
      empty.close()
    }
    const said = release.packages.map(({ packed: { name, manifest } }) => `${name} ${manifest.version}`)
    return verdict(
      problems,
      `${said.length} packages and as many bills of materials would be published (${said.join(', ')}); ${workflows.commands} commands of ${workflows.count} workflows`,
    )
  } finally {
    release.remove()
  }
}

async function problemsOfPackage({ packed, bill }: Prepared, registry: string): Promise<string[]> {
  const { name, version, publishConfig, repository } = packed.manifest
  const problems = [...lookInside(packed), ...(await problemsOfBill(bill, packed.manifest))]
  if (publishConfig?.provenance !== true) problems.push(`${name}: publishConfig.provenance is not true`)
  if (publishConfig?.access !== 'public') problems.push(`${name}: publishConfig.access is not public`)
  if (repository === undefined) problems.push(`${name}: nothing says where its source is, which provenance needs`)
  const said = await publish(packed.tarball, { dryRun: true, registry })
  if (!said.includes(`+ ${name}@${version}`)) problems.push(`${name}: npm would publish something else:\n${said}`)
  return problems
}

function checkWorkflows() {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>
  }
  const known: Known = {
    file: (path) => existsSync(join(root, path)),
    script: (name) => scripts[name] !== undefined,
    binary: (name) => existsSync(join(root, 'node_modules', '.bin', name)),
  }
  const paths = globSync('.github/workflows/*.{yml,yaml}', { cwd: root }).sort()
  const checked = paths.map((path) => ({ path, ...checkWorkflow(readFileSync(join(root, path), 'utf8'), known) }))
  return {
    count: paths.length,
    commands: checked.reduce((sum, { commands }) => sum + commands, 0),
    problems: [
      ...(paths.length === 0 ? ['there are no workflows'] : []),
      ...checked.flatMap(({ path, problems }) => problems.map((problem) => `${path}: ${problem}`)),
    ],
  }
}
