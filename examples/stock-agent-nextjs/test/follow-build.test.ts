import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { followBuild } from '../web/follow-build.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('the steps of a build are shown as it goes, without colours, warnings and routes', async () => {
  const [output, written] = [new PassThrough(), [] as string[]]
  const end = followBuild([output], (text) => written.push(text))
  output.write('\u001b[1m▲ Next.js\u001b[0m\n\n  Creating an optimized')
  output.write(' production build ...\nWarning: slow\n  ┌ ƒ /\n✓ Compiled')
  await vi.advanceTimersByTimeAsync(1)
  expect(written).toEqual(['  ▲ Next.js', '  Creating an optimized production build ...'])
  end()
})

test('a silent build is said to go on, with its seconds, until it ends', async () => {
  const written: string[] = []
  const end = followBuild([new PassThrough()], (text) => written.push(text))
  await vi.advanceTimersByTimeAsync(25_000)
  expect(written).toEqual(['  still building (10 s) …', '  still building (20 s) …'])
  end()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(written).toHaveLength(2)
})
