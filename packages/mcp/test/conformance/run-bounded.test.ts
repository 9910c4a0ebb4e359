import { expect, test } from 'vitest'
import { runBounded } from './run-bounded.ts'

const node = (script: string, milliseconds: number) =>
  runBounded(process.execPath, ['-e', script], { cwd: import.meta.dirname, milliseconds })

test('what ends by itself is waited for', async () => {
  expect(await node('console.log(1); console.error(2)', 20_000)).toEqual({
    output: expect.stringMatching(/^(?:1\n2\n|2\n1\n)$/),
    isOver: true,
    code: 0,
  })
})

test('a hanging process is ended, and so is its child that holds its output', async () => {
  const hang = 'setInterval(() => {}, 1000)'
  const script = `const { pid } = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(hang)}],
    { stdio: 'inherit' }); console.log(pid); ${hang}`
  const started = performance.now()
  const { output, isOver } = await node(script, 8000)
  expect(isOver).toBe(false)
  expect(performance.now() - started).toBeLessThan(30_000)
  const pid = Number(output.trim())
  expect(pid).toBeGreaterThan(0)
  await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false)
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
