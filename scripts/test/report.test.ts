import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../gates/repository.ts'
import { countResults, lastLine, type ResultNode, type TestRun } from '../tests/report.ts'
import { folderWith } from './fixture.ts'

test('the last line names skips only where there are some', () => {
  expect(lastLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed')
  expect(lastLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped')
})

const node = (type: ResultNode['type'], name: string, rest: Partial<ResultNode> = {}): ResultNode => ({
  type,
  name,
  problems: [],
  state: 'passed',
  children: [],
  ...rest,
})

test('a run without tests has failed', () => {
  expect(countResults([], [])).toMatchObject({ passed: 0, failed: 1, faults: ['no test was found'] })
})

test('a test without a result has failed, and so has a file that did not end', () => {
  const hung = node('module', 'hung.test.ts', {
    state: 'pending',
    children: [node('test', 'waits', { state: 'pending' })],
  })
  expect(countResults([hung], [])).toMatchObject({
    passed: 0,
    failed: 2,
    faults: ['hung.test.ts: did not end'],
    failures: ['hung.test.ts > waits: it did not end'],
  })
})

test('everything that goes wrong in a run is counted', () => {
  const base = folderWith({
    'package.json': '{ "type": "module" }',
    'tsconfig.json': JSON.stringify({
      compilerOptions: { strict: true, module: 'nodenext', target: 'es2023', noEmit: true, types: [] },
      include: ['*.ts'],
    }),
    'vitest.config.ts': `export default { test: { include: ['*.test.ts'], typecheck: { enabled: true, include: ['*.test-d.ts'], tsconfig: 'tsconfig.json' } } }\n`,
    'good.test.ts': `import { expect, test } from 'vitest'\ntest('passes', () => { expect(1).toBe(1) })\ntest('fails', () => { expect(1).toBe(2) })\ntest('skips', ({ skip }) => skip('no redis-server: apt-get install redis-server'))\n`,
    'hook.test.ts': `import { beforeAll, describe, test } from 'vitest'\ndescribe('suite', () => { beforeAll(() => { throw new Error('hook fault') }); test('never runs', () => {}) })\n`,
    'broken.test.ts': `import { gone } from './gone.ts'\nvoid gone\n`,
    'stray.test.ts': `import { test } from 'vitest'\ntest('leaves a rejection', async () => { void Promise.reject(new Error('stray fault')); await new Promise((go) => setTimeout(go, 20)) })\n`,
    'types.test-d.ts': `import { expectTypeOf, test } from 'vitest'\ntest('right', () => { expectTypeOf(1).toEqualTypeOf<number>() })\ntest('wrong', () => { expectTypeOf(1).toEqualTypeOf<string>() })\n`,
  })
  symlinkSync(join(root, 'node_modules'), join(base, 'node_modules'), 'junction')
  const runner = join(root, 'scripts', 'tests', 'run-tests.ts')
  const program = `const { runTests } = await import(${JSON.stringify(runner)})
    const run = await runTests([], { root: ${JSON.stringify(base)}, config: 'vitest.config.ts' })
    console.log('\\n@@' + JSON.stringify(run))`
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: base,
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  })
  const run = JSON.parse(child.stdout.split('@@')[1] ?? child.stderr) as TestRun
  expect(run.skips).toContainEqual({
    name: expect.stringContaining('skips'),
    reason: 'no redis-server: apt-get install redis-server',
  })
  const faults = run.faults.join('\n')
  expect(faults).toMatch(/suite: hook fault/)
  expect(faults).toMatch(/broken\.test\.ts: Cannot find module/)
  expect(faults).toMatch(/stray fault/)
  // The type checker sees the same missing file, in a source that is no type test.
  expect(faults).toMatch(/^Cannot find module '\.\/gone\.ts' or its corresponding type declarations/m)
  expect(run.failures).toContainEqual(expect.stringMatching(/good\.test\.ts > fails: expected 1 to be 2/))
  // `passes`, `leaves a rejection`, `right`; then `fails`, `wrong` and the four faults.
  expect(run).toMatchObject({ passed: 3, failed: 6 })
})
