import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

test('the levels and the refusals hold over MCP, and no token is shown', () => {
  const { status, stdout } = spawnSync(process.execPath, [main], { encoding: 'utf8' })
  expect(stdout).not.toContain('MISMATCH')
  expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^4 levels, 4 refusals: [1-9]\d+ checks, 0 mismatches$/)
  expect(stdout).not.toContain('eyJ')
  expect(status).toBe(0)
})
