import { buildPackages } from './gates/build-packages.ts'
import { writeSurface } from './gates/check-surface.ts'

// Builds the packages, and writes the surface of each entry point to docs/surface, for reviewers of a change.
const built = await buildPackages()
if (!built.ok) {
  console.error(built.output)
  process.exit(1)
}
const { ok, output } = writeSurface()
console.log('The reports are in docs/surface. Look at what changed: git diff docs/surface')
if (!ok) {
  console.error(output)
  process.exit(1)
}
