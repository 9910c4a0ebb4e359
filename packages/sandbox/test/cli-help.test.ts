import { afterEach, expect, test, vi } from 'vitest'
import { run } from '../src/cli/run.ts'

afterEach(() => vi.restoreAllMocks())

test.each([[['--help']], [['-h']], [['help']], [['token', '--help']], [['doctor', '-h']], [['--port', '0', '--help']]])(
  '%j prints the usage alone, and starts nothing',
  async (args) => {
    const output = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    const errors = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    expect(await run(args)).toBe(0)
    expect(output.mock.calls).toEqual([[expect.stringMatching(/^npm run sandbox -- \[--port 4400\]/)]])
    expect(output.mock.calls[0]?.[0]).toContain('doctor --issuer URL')
    expect(errors).not.toHaveBeenCalled()
  },
)
