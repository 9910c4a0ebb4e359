import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { jsonLinesSink } from '../../../src/entrypoints/audit.ts'

const program = fileURLToPath(new URL('audited-process.ts', import.meta.url))

/** Runs the program over an output that takes nothing. */
async function runOver(output: 'a closed pipe' | 'a full disk', ...args: readonly string[]) {
  const full = output === 'a full disk' ? openSync('/dev/full', 'w') : undefined
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', full ?? 'pipe', 'pipe'] })
  if (full !== undefined) closeSync(full)
  const ended = once(child, 'close')
  const said = text(child.stderr as NodeJS.ReadableStream)
  if (child.stdout !== null) {
    const closed = once(child.stdout, 'close')
    child.stdout.destroy()
    await closed
  }
  child.stdin?.end()
  const [code] = await ended
  const lines = (await said).split('\n')
  return { code, told: lines.slice(0, -1), report: JSON.parse(lines.at(-1) ?? '') }
}

const outputs = (['a closed pipe', 'a full disk'] as const).filter(
  (output) => output === 'a closed pipe' || existsSync('/dev/full'),
)

describe.each(outputs)('an audit to a standard output that is %s', (output) => {
  test('does not end the process, says once that events are lost, and calls go on', async () => {
    expect(await runOver(output)).toEqual({
      code: 0,
      told: [expect.stringContaining('events are lost')],
      report: { outcomes: ['done', 'done', 'done'], runs: 3 },
    })
  })

  test('does not end the process, and no call runs where it is required', async () => {
    expect(await runOver(output, 'required')).toEqual({
      code: 0,
      told: [expect.stringContaining('events are lost')],
      report: { outcomes: ['unavailable', 'unavailable', 'unavailable'], runs: 0 },
    })
  })
})

test('sinks of one stream share one listener for its errors', () => {
  const stream = new PassThrough()
  for (let index = 0; index < 20; index++) jsonLinesSink({ to: stream })
  expect(stream.listenerCount('error')).toBe(1)
})
