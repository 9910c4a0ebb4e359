import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { becomeSoleProcess } from '../src/sole-process.ts'

const source = new URL('../src/sole-process.ts', import.meta.url).href

test('a folder has one process at a time, until it ends, even without a chance to say so', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'behalf-sole-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const program = `
    const { becomeSoleProcess } = await import(${JSON.stringify(source)})
    globalThis.lock = becomeSoleProcess(${JSON.stringify(directory)})
    console.log('holds it')
    setInterval(() => {}, 1000)`
  const other = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void other.kill('SIGKILL'))
  await once(other.stdout, 'data')
  expect(() => becomeSoleProcess(directory)).toThrow('another process uses DATA_DIRECTORY')
  const ended = once(other, 'exit')
  other.kill('SIGKILL')
  await ended
  becomeSoleProcess(directory).close()
}, 30_000)

test('no other user of the machine can open the lock and so keep the next process from its start', () => {
  const directory = mkdtempSync(join(tmpdir(), 'behalf-sole-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  chmodSync(directory, 0o755)
  const lock = becomeSoleProcess(directory)
  onTestFinished(() => lock.close())
  expect(statSync(join(directory, 'process.sqlite')).mode & 0o777).toBe(0o600)
})
