import { afterAll, beforeAll, beforeEach } from 'vitest'
import { type MockServersOptions, mockTarget, type ProtocolTarget } from '../src/index.ts'

/** One target for a file, as in the beginning for each test. */
export function sharedTarget(options: MockServersOptions = {}): { readonly target: ProtocolTarget } {
  const holder: { target: ProtocolTarget } = { target: undefined as never }
  beforeAll(async () => {
    holder.target = await mockTarget(options)
  })
  beforeEach(() => holder.target.reset())
  afterAll(() => holder.target.close())
  return holder
}
