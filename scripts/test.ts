import { budget } from './gates/budgets.ts'
import { type Gate, verdict } from './gates/gate.ts'
import { runGates } from './gates/run-gates.ts'
import { gates } from './gates.ts'
import { lastLine, timesOf } from './tests/report.ts'
import { runTests } from './tests/run-tests.ts'

// `npm test` runs the tests and the quick gates. With `-- --ci` it runs every daily gate, and a skipped test is a
// failure. `npm test -- guard` runs the tests in files whose name contains `guard`.
const args = process.argv.slice(2)
const ci = args.includes('--ci')
const filters = args.filter((argument) => argument !== '--ci')

const running = runTests(filters)
/** Starts first. Its tests often wait for a server or a time, and leave a processor free for the gates. */
const testing: Gate = {
  name: 'tests',
  run: async () => {
    const count = await running
    return verdict(count.failed > 0 ? [lastLine(count)] : [], lastLine(count))
  },
}
const wanted = gates.filter(({ quick, when = 'daily' }) => when === 'daily' && (ci || quick === true))
const checks = await runGates([testing, ...(filters.length > 0 ? [] : wanted)])
const tests = await running

for (const fault of [...tests.faults, ...tests.failures])
  console.log(`FAILED ${fault.replaceAll(/\n(?=.)/g, '\n    ')}`)
for (const { name, reason } of tests.skips) console.log(`skipped ${name} (${reason})`)
const forbidden = ci ? tests.skipped : 0
if (forbidden > 0) console.log('FAILED: in CI every test has what it needs, so none may be skipped')

if (filters.length === 0) {
  const slowest = [...tests.files].sort((one, other) => other.seconds - one.seconds).slice(0, 10)
  console.log(timesOf(slowest, 'Seconds of the slowest test files, imports included:'))
  const { target } = budget(ci ? 'minutes of .ci/run on two cores' : 'minutes of npm test on two cores')
  const parts = [...checks.parts, { name: 'all of it', seconds: performance.now() / 1000 }]
  console.log(timesOf(parts, `Seconds of each part; they run side by side. Target on two cores: ${target * 60}`))
}
// Each test counts, and not the gate of tests.
const whole = tests.failed > 0 ? { passed: 0, failed: 1 } : { passed: 1, failed: 0 }
const passed = tests.passed + checks.passed - whole.passed
const failed = tests.failed + checks.failed - whole.failed + forbidden
console.log(lastLine({ passed, failed, skipped: tests.skipped - forbidden + checks.skipped }))
// Ends the process: after the deadline, a worker may still be running.
process.exit(failed > 0 ? 1 : 0)
