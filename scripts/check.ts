import type { Gate } from './gates/gate.ts'
import { runGates } from './gates/run-gates.ts'
import { gates } from './gates.ts'
import { lastLine, timesOf } from './tests/report.ts'

// `npm run check` runs every daily gate. `npm run check -- nightly` and `-- release` run the gates of that kind.
// `npm run check -- imports docs` runs these two and the gates that they need.
const asked = process.argv.slice(2)
const words = asked.length === 0 ? ['daily'] : asked
const isCalled = ({ name, when = 'daily' }: Gate, word: string) => name === word || when === word
for (const word of words) {
  if (gates.some((gate) => isCalled(gate, word))) continue
  console.error(
    `There is no gate ${word}. There is: daily, nightly, release, ${gates.map(({ name }) => name).join(', ')}.`,
  )
  process.exit(1)
}
const wanted = gates.filter((gate) => words.some((word) => isCalled(gate, word)))
const names = new Set(wanted.flatMap(({ name, needs = [] }) => [name, ...needs]))
const run = await runGates(gates.filter(({ name }) => names.has(name)))
if (run.parts.length > 1)
  console.log(
    timesOf([...run.parts, { name: 'all of it', seconds: performance.now() / 1000 }], 'Seconds of each part:'),
  )
console.log(lastLine(run))
process.exitCode = run.failed > 0 ? 1 : 0
