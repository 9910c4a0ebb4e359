import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

/**
 * Registers the tests of a framework's demo.
 * @param main - Path of its program
 */
export function describeDemo(framework: string, main: string): void {
  /** Runs the demo as a user does. */
  const run = (...args: string[]) => {
    const env = { ...process.env, OPENAI_API_KEY: '', ANTHROPIC_API_KEY: '' }
    const { status, stdout } = spawnSync(process.execPath, [main, ...args], { env, encoding: 'utf8' })
    return { status, output: stdout, last: stdout.trimEnd().split('\n').at(-1) }
  }

  // Some frameworks start a process for each turn.
  const timeout = 300_000

  test(`the levels, the refusals and the restart hold on ${framework}, and no token is shown`, { timeout }, () => {
    const { status, output, last } = run()
    expect(output).not.toContain('MISMATCH')
    expect(last).toMatch(/^4 levels, 5 refusals, 1 more: [1-9]\d+ checks, 0 mismatches$/)
    expect(output).not.toContain('eyJ')
    expect(status).toBe(0)
  })

  test('its checks notice a broken world', { timeout }, () => {
    // The level that the fault breaks: each turn of some frameworks starts a process.
    const { status, output } = run('--level', '3', '--fault', 'vault-down')
    expect(output).toContain('MISMATCH  the user sees a portfolio')
    expect(status).toBe(1)
  })
}
