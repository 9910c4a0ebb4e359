import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createProject } from '../consumers/consumer-project.ts'
import { type Verdict, verdict } from './gate.ts'
import { type Packed, packedPackages } from './packed-packages.ts'
import { runTool } from './run-tool.ts'

/** Maximum number of packages that `npm install @behalf/core` may install, including itself. */
const MOST_INSTALLED = 9

/** Checks each package as pnpm packs it, by publint and attw. The gate `consumers` installs, loads and compiles it. */
export async function checkPacked(): Promise<Verdict> {
  const packed = await packedPackages()
  const problems: string[] = []
  for (const one of packed) problems.push(...lookInside(one), ...(await askLinters(one)))
  const core = packed.find(({ name }) => name === '@behalf/core')
  if (core === undefined) return verdict([...problems, '@behalf/core was not packed'])
  const installed = await countInstalled(core)
  if (installed > MOST_INSTALLED)
    problems.push(`@behalf/core brings ${installed} packages, and ${MOST_INSTALLED} are the most`)
  return verdict(problems, `${packed.length} packages; core installs ${installed} of ${MOST_INSTALLED}`)
}

/**
 * Checks what the linters do not: that `exports` lead to built files, and that no reference to the workspace remains.
 */
export function lookInside({ name, folder, manifest }: Packed): string[] {
  const problems: string[] = []
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  )
  for (const target of targets) {
    if (!target.startsWith('./dist/') && target !== './package.json')
      problems.push(`${name}: exports lead to ${target}, not to dist`)
    if (!existsSync(join(folder, target)))
      problems.push(`${name}: exports lead to ${target}, which is not in the tarball`)
  }
  for (const [dependency, range] of Object.entries({ ...manifest.dependencies, ...manifest.peerDependencies })) {
    if (/^(workspace|catalog|link|file):/.test(range))
      problems.push(`${name}: ${dependency} is ${range} in the tarball`)
  }
  for (const file of ['README.md', 'LICENSE']) {
    if (!existsSync(join(folder, file))) problems.push(`${name}: the tarball has no ${file}`)
  }
  return problems
}

async function askLinters({ name, tarball }: Packed): Promise<string[]> {
  const publint = await runTool('publint', [tarball, '--strict'])
  const attw = await runTool('attw', [tarball, '--profile', 'esm-only', '--no-emoji'])
  return [
    ...(publint.code === 0 ? [] : [`${name}, says publint:\n${publint.output.trim()}`]),
    ...(attw.code === 0 ? [] : [`${name}, says attw:\n${attw.output.trim()}`]),
  ]
}

/** Counts the packages that npm installs with core, including itself. */
async function countInstalled({ tarball }: Packed): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'behalf-core-alone-'))
  try {
    const { packages } = await createProject(folder, [tarball])
    return packages
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
