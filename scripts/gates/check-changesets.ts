import getReleasePlan from '@changesets/get-release-plan'
import { type Verdict, verdict } from './gate.ts'
import { publishedPackages, root } from './repository.ts'

/**
 * Checks that the release plan can be made, and includes every package that was never released.
 *
 * Reads `.changeset` alone, and so works in any clone: no branch or remote to compare with is needed.
 */
export async function checkChangesets(): Promise<Verdict> {
  const { releases } = await getReleasePlan(root)
  const versions = new Map(releases.map(({ name, newVersion }) => [name, newVersion]))
  const packages = publishedPackages().map(({ manifest }) => manifest)
  // A package that only follows its dependency has no changeset of its own.
  const named = new Set(releases.filter(({ changesets }) => changesets.length > 0).map(({ name }) => name))
  const forgotten = packages.filter(({ name, version }) => version === '0.0.0' && !named.has(name))
  return verdict(
    forgotten.map(({ name }) => `${name} was never released and no changeset names it: pnpm exec changeset`),
    packages
      .filter(({ name }) => versions.has(name))
      .map(({ name }) => `${name} ${versions.get(name)}`)
      .join(', ') || 'nothing to release',
  )
}
