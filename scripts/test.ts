import { runGates } from './gates/run-gates.ts'
import { gates } from './gates.ts'
import { lastLine } from './tests/report.ts'
import { runTests } from './tests/run-tests.ts'

// `npm test` runs the tests and the quick checks; with `-- --ci` it makes every check, and a skipped
// test is a failure there. `npm test -- guard` runs the tests in files whose name holds `guard`.
const args = process.argv.slice(2)
const ci = args.includes('--ci')
const filters = args.filter((argument) => argument !== '--ci')

const tests = await runTests(filters)
const checks =
  filters.length > 0 ? { passed: 0, failed: 0 } : await runGates(gates.filter(({ quick }) => ci || quick === true))

for (const fault of [...tests.faults, ...tests.failures])
  console.log(`FAILED ${fault.replaceAll(/\n(?=.)/g, '\n    ')}`)
for (const { name, reason } of tests.skips) console.log(`skipped ${name} (${reason})`)
const forbidden = ci ? tests.skipped : 0
if (forbidden > 0) console.log('FAILED: here every test has what it needs, so none may be skipped')

const failed = tests.failed + checks.failed + forbidden
console.log(lastLine({ passed: tests.passed + checks.passed, failed, skipped: tests.skipped - forbidden }))
// Not by itself: after the deadline a worker may still be spinning.
process.exit(failed > 0 ? 1 : 0)
