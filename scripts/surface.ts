import { buildPackages } from './gates/build-packages.ts'
import { writeSurface } from './gates/check-surface.ts'

// Tells in docs/surface what each entry point shows, for a reader of the change. It builds first.
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
