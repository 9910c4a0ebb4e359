import { describeRuns, smokeOnEverything } from './smoke/smoke-on-everything.ts'

// `node scripts/smoke.ts`: core's main ways, from `dist`, on every runtime that we claim. `npm run check -- smoke`
// builds first, and `.ci/run` does the same.
const runs = await smokeOnEverything()
for (const line of describeRuns(runs)) console.log(line)
process.exitCode = runs.some(({ state }) => state === 'failed') ? 1 : 0
