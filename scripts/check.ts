import { runGates } from './gates/run-gates.ts'
import { gates } from './gates.ts'
import { lastLine } from './tests/report.ts'

// `npm run check` makes every check; `npm run check -- imports snippets` makes these two and what they stand on.
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !gates.some((gate) => gate.name === name))
if (unknown.length > 0) {
  console.error(`There is no check ${unknown.join(', ')}. There is: ${gates.map(({ name }) => name).join(', ')}.`)
  process.exit(1)
}
const names = new Set(wanted.flatMap((name) => [name, ...(gates.find((gate) => gate.name === name)?.needs ?? [])]))
const count = await runGates(wanted.length === 0 ? gates : gates.filter(({ name }) => names.has(name)))
console.log(lastLine({ ...count, skipped: 0 }))
process.exitCode = count.failed > 0 ? 1 : 0
