import { vi } from 'vitest'

// By itself a second, which a busy machine takes for nothing at all. It ends at once where its condition holds.
const { waitFor } = vi
const patient: typeof waitFor = (condition, options) =>
  waitFor(condition, typeof options === 'number' ? options : { timeout: 30_000, ...options })
// It is loaded before each test file, and a worker keeps its `vi`.
if (waitFor.name !== patient.name) vi.waitFor = patient
