import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { root } from '../gates/repository.ts'
import { ownFolder } from '../servers/run-server.ts'
import { startOpenFga } from '../servers/start-open-fga.ts'

test('a folder of ours is made, and taken again', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'behalf-own-'))
  expect(await ownFolder(join(parent, 'one', 'two'))).toBeUndefined()
  expect(await ownFolder(join(parent, 'one', 'two'))).toBeUndefined()
})

test('an OpenFGA that another user laid there is not run', async () => {
  onTestFinished(() => void vi.restoreAllMocks())
  vi.spyOn(process, 'getuid').mockReturnValue((process.getuid?.() ?? 0) + 1)
  expect(await startOpenFga()).toMatch(/belongs to another user$/)
})

test('a run of tests has a temporary directory of its own, which ends with it', () => {
  const program = "import './vitest.temporary.ts'; console.log(process.env.TMPDIR)"
  // This run has its own folder already, in which no other one is made.
  const parent = dirname(tmpdir())
  const env = { ...process.env, TMPDIR: parent }
  const ran = execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root, env })
  const folder = `${ran}`.trim()
  expect([folder.startsWith(join(parent, 'behalf-run-')), existsSync(folder)]).toEqual([true, false])
})
