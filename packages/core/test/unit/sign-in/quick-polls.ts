import { onTestFinished, vi } from 'vitest'

/** For the mocked server: it never calls a poll too early. The client waits a second nonetheless, its shortest interval. */
export const ciba = { interval: 0.001 }

/** Makes that second a hundredth of one, for this test. All other times stay as they are. */
export function quickPolls(): void {
  const { setTimeout: real } = globalThis
  const quick = (work: () => void, ms?: number, ...rest: []) => real(work, ms === 1000 ? 10 : ms, ...rest)
  vi.stubGlobal('setTimeout', Object.assign(quick, real))
  onTestFinished(() => void vi.unstubAllGlobals())
}
