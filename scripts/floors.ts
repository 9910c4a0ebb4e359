import { runOnFloors } from './floors/run-on-floors.ts'

// `node scripts/floors.ts`: each adapter on the oldest version of its framework that it says it works with.
// `npm run check -- floors` does the same, and so does `.ci/run`.
const { state, output, lines } = await runOnFloors()
if (state !== 'ok') console.error(output)
for (const line of lines) console.log(line)
if (state === 'not run') console.log('not run: the oldest versions cannot be had, since npm cannot be reached')
process.exitCode = state === 'failed' ? 1 : 0
