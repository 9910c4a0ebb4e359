import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** Runs the demo as a user does. */
function run(...args: string[]) {
  const env = { ...process.env, OPENAI_API_KEY: '' }
  const { status, stdout } = spawnSync(process.execPath, [main, ...args], { env, encoding: 'utf8' })
  return { status, output: stdout, last: stdout.trimEnd().split('\n').at(-1) }
}

test('the levels, the refusals and the restart hold on OpenAI Agents, and no token is shown', () => {
  const { status, output, last } = run()
  expect(output).not.toContain('MISMATCH')
  expect(last).toMatch(/^4 levels, 5 refusals, 1 more: [1-9]\d+ checks, 0 mismatches$/)
  expect(output).not.toContain('eyJ')
  expect(status).toBe(0)
})

test('its checks notice a broken world', () => {
  const { status, output } = run('--fault', 'vault-down')
  expect(output).toContain('MISMATCH  the own portfolio is shown')
  expect(status).toBe(1)
})
