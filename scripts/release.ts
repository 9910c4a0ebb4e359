import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildPackages } from './gates/build-packages.ts'
import { pack } from './gates/packed-packages.ts'
import { publishedPackages, root } from './gates/repository.ts'
import { runTool } from './gates/run-tool.ts'
import { billOf, problemsOfBill } from './release/bill-of-materials.ts'
import { requireGreenNightly } from './release/green-nightly.ts'
import { nameRepository } from './release/name-repository.ts'
import { isPublished, publish } from './release/publish.ts'

// Publishes the packages whose version npm does not have, and tags them, if the nightly run of the same commit is
// green. For the workflow `release`, whose identity provenance needs. It writes the repository's address into the
// manifests, and bills of materials into `release/`.
const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_SHA, GITHUB_TOKEN } = process.env
if (!GITHUB_SERVER_URL || !GITHUB_REPOSITORY || !GITHUB_API_URL || !GITHUB_SHA) {
  console.error('A release is made by the workflow `release` on GitHub. To try it: npm run check -- release')
  process.exit(1)
}
const repository = { api: GITHUB_API_URL, name: GITHUB_REPOSITORY, token: GITHUB_TOKEN }
const due = []
for (const one of publishedPackages()) if (!(await isPublished(one.manifest.name, one.manifest.version))) due.push(one)
if (due.length > 0) console.log(`green: ${await requireGreenNightly(GITHUB_SHA, repository)}`)
const built = await buildPackages()
if (!built.ok) throw new Error(built.output)
const workshop = mkdtempSync(join(tmpdir(), 'behalf-release-'))
const bills = join(root, 'release')
mkdirSync(bills, { recursive: true })
for (const one of due) {
  const { name, version } = one.manifest
  nameRepository(root, one.path, `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`)
  const packed = await pack(one, workshop)
  const bill = await billOf(name)
  const problems = await problemsOfBill(bill, packed.manifest)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  writeFileSync(join(bills, `${name.replace('@behalf/', '')}-${version}.cdx.json`), bill)
  console.log(await publish(packed.tarball))
}
rmSync(workshop, { recursive: true })
// The action that runs this script reads the tags from its output, and makes releases of them.
console.log((await runTool('changeset', ['tag'])).output)
