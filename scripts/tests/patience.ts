import { vi } from 'vitest'

// By itself a second, which a busy machine takes for nothing at all. It ends at once where its condition holds.
const { waitFor } = vi
vi.waitFor = (condition, options) =>
  waitFor(condition, typeof options === 'number' ? options : { timeout: 30_000, ...options })
