import { checkDiagram } from './gates/architecture-diagram.ts'
import { buildPackages } from './gates/build-packages.ts'
import { checkBundleSize } from './gates/bundle-size.ts'
import { checkChangesets } from './gates/check-changesets.ts'
import { checkConsumers } from './gates/check-consumers.ts'
import { checkDeadCode } from './gates/check-dead-code.ts'
import { checkDocs } from './gates/check-docs.ts'
import { checkFileLength } from './gates/check-file-length.ts'
import { checkFloors } from './gates/check-floors.ts'
import { checkImports } from './gates/check-imports.ts'
import { checkLinks } from './gates/check-links.ts'
import { checkLiveOpenFga } from './gates/check-live-openfga.ts'
import { checkMap } from './gates/check-map.ts'
import { checkMcpConformance } from './gates/check-mcp-conformance.ts'
import { checkMutants } from './gates/check-mutants.ts'
import { checkPacked } from './gates/check-packed.ts'
import { checkRelease } from './gates/check-release.ts'
import { checkRequirements } from './gates/check-requirements.ts'
import { checkSmoke } from './gates/check-smoke.ts'
import { checkSnippets } from './gates/check-snippets.ts'
import { checkSurface } from './gates/check-surface.ts'
import { checkTypes } from './gates/check-types.ts'
import { checkWeb } from './gates/check-web.ts'
import type { Gate } from './gates/gate.ts'
import { toolVerdict } from './gates/run-tool.ts'

/** Every check of the repository besides the tests, in the order in which they are made. */
export const gates: readonly Gate[] = [
  {
    name: 'format and lint',
    quick: true,
    run: () => toolVerdict('biome', ['ci', '--error-on-warnings', '--colors=off']),
  },
  { name: 'types', quick: true, run: checkTypes },
  { name: 'imports', quick: true, run: () => checkImports() },
  { name: 'dead code', run: checkDeadCode },
  { name: 'requirements', quick: true, run: () => checkRequirements() },
  { name: 'file length', quick: true, run: () => checkFileLength() },
  { name: 'snippets', quick: true, run: () => checkSnippets() },
  { name: 'links', quick: true, run: () => checkLinks() },
  { name: 'map', quick: true, run: () => checkMap() },
  { name: 'diagram', quick: true, run: checkDiagram },
  { name: 'mutants', run: checkMutants },
  { name: 'live OpenFGA', run: checkLiveOpenFga },
  { name: 'floors', run: checkFloors },
  { name: 'MCP conformance', run: checkMcpConformance },
  { name: 'web app', run: checkWeb },
  { name: 'changesets', run: checkChangesets },
  { name: 'build', run: buildPackages },
  { name: 'packed packages', needs: ['build'], run: checkPacked },
  { name: 'consumers', needs: ['build'], run: checkConsumers },
  { name: 'release', needs: ['build'], run: checkRelease },
  { name: 'smoke', needs: ['build'], run: checkSmoke },
  { name: 'bundle size', needs: ['build'], run: checkBundleSize },
  { name: 'surface', needs: ['build'], run: () => checkSurface() },
  { name: 'docs', run: checkDocs },
]
