import { runTests } from './tests/run-tests.ts'

// `npm run fuzz` makes 100,000 runs of the properties in test/fuzz; `npm run fuzz -- 5000 tokens` makes 5,000 in the
// files whose name contains `tokens`. A failure prints its seed. `npm test` runs the same with fewer runs.
const [first = '', ...rest] = process.argv.slice(2)
const counted = /^\d+$/.test(first)
const runs = counted ? Number(first) : 100_000
const filters = counted || first === '' ? rest : [first, ...rest]

process.env.BEHALF_FUZZ_RUNS = String(runs)
const began = performance.now()
const { passed, failed, faults } = await runTests(
  filters.length === 0 ? ['/fuzz/'] : filters.map((name) => `/fuzz/${name}`),
  {
    deadlineMinutes: 60,
  },
)
for (const fault of faults) console.log(`FAILED ${fault.replaceAll(/\n(?=.)/g, '\n    ')}`)
const seconds = ((performance.now() - began) / 1000).toFixed(0)
console.log(`${runs.toLocaleString('en')} runs in ${seconds} s: ${passed} properties hold, ${failed} do not`)
process.exit(failed > 0 || passed === 0 ? 1 : 0)
