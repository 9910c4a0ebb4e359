import getReleasePlan from '@changesets/get-release-plan'
import { type Verdict, verdict } from './gate.ts'
import { publishedPackages, root } from './repository.ts'

/**
 * The release plan can be made, and leaves out no package that was never released.
 *
 * Reads `.changeset` alone, and so works in any clone: no branch or remote to compare with is needed.
 */
export async function checkChangesets(): Promise<Verdict> {
  const plan = await getReleasePlan(root)
  const planned = new Set(plan.releases.map(({ name }) => name))
  const forgotten = publishedPackages().filter(
    ({ manifest }) => manifest.version === '0.0.0' && !planned.has(manifest.name),
  )
  return verdict(
    forgotten.map(
      ({ manifest }) =>
        `${manifest.name} was never released and no changeset names it: add one with \`pnpm exec changeset\``,
    ),
    plan.releases.map(({ name, newVersion }) => `${name} ${newVersion}`).join(', ') || 'nothing to release',
  )
}
