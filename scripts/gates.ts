import { checkApps } from '../packages/create-behalf/test/apps/check-apps.ts'
import { checkConsumers } from './consumers/run-consumers.ts'
import { buildPackages } from './gates/build-packages.ts'
import { checkBudgets } from './gates/check-budgets.ts'
import { checkChangesets } from './gates/check-changesets.ts'
import { checkDeadCode } from './gates/check-dead-code.ts'
import { checkDocs } from './gates/check-docs.ts'
import { checkFloors } from './gates/check-floors.ts'
import { checkImports } from './gates/check-imports.ts'
import { liveGates } from './gates/check-live.ts'
import { checkMcpConformance } from './gates/check-mcp-conformance.ts'
import { checkPacked } from './gates/check-packed.ts'
import { checkRelease } from './gates/check-release.ts'
import { checkRequirements } from './gates/check-requirements.ts'
import { checkSmoke } from './gates/check-smoke.ts'
import { checkSurface } from './gates/check-surface.ts'
import { checkTypes } from './gates/check-types.ts'
import { checkWarmCall } from './gates/check-warm-call.ts'
import type { Gate } from './gates/gate.ts'
import { runSuite } from './gates/run-suite.ts'
import { toolVerdict } from './gates/run-tool.ts'

const runWebApp = (env?: Readonly<Record<string, string>>) =>
  runSuite('browser.config.ts', 'examples/stock-agent-nextjs', env)

/**
 * Every check of the repository except the tests. Gates start in this order, the longest first. Fuzzing and mutation
 * are nightly too, by `npm run fuzz` and `npm run mutate`.
 */
export const gates: readonly Gate[] = [
  { name: 'build', run: buildPackages },
  { name: 'web app', run: () => runWebApp() },
  { name: 'consumers', needs: ['build'], run: () => checkConsumers(['24'], ['7']) },
  { name: 'new app', needs: ['build'], run: () => checkApps([['ai-sdk', 'sandbox']]) },
  { name: 'format and lint', quick: true, run: () => toolVerdict('biome', ['ci', '--error-on-warnings']) },
  { name: 'types', quick: true, run: checkTypes },
  { name: 'imports', quick: true, run: () => checkImports() },
  { name: 'requirements', quick: true, run: () => checkRequirements() },
  { name: 'packed packages', needs: ['build'], run: checkPacked },
  { name: 'dead code', run: checkDeadCode },
  { name: 'smoke', needs: ['build'], run: checkSmoke },
  { name: 'budgets', needs: ['build'], run: checkBudgets },
  { name: 'surface', needs: ['build'], run: () => checkSurface() },
  { name: 'docs', run: checkDocs },
  { name: 'long tests', when: 'nightly', run: () => runSuite('vitest.workspace.ts', '', { LONG_TESTS: 'yes' }) },
  { name: 'long web app tests', when: 'nightly', run: () => runWebApp({ LONG_TESTS: 'yes' }) },
  { name: 'every consumer', when: 'nightly', needs: ['build'], run: () => checkConsumers() },
  { name: 'new apps', when: 'nightly', needs: ['build'], run: () => checkApps() },
  { name: 'floors', when: 'nightly', run: checkFloors },
  ...liveGates,
  { name: 'MCP conformance', when: 'nightly', alone: true, run: checkMcpConformance },
  { name: 'warm call', when: 'nightly', alone: true, run: checkWarmCall },
  { name: 'changesets', when: 'release', run: checkChangesets },
  { name: 'release dry run', when: 'release', needs: ['build'], run: checkRelease },
]
