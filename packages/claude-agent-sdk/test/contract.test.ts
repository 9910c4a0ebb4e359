import { describeAdapter } from '@behalf/testing/contract'
import { describe, test } from 'vitest'
import { subject, withCli } from './framework.ts'
import { missingCli } from './model-server.ts'

const missing = withCli ? missingCli() : undefined
if (missing === undefined) {
  const name = withCli ? 'Claude Agent SDK' : 'Claude Agent SDK, with a stand-in for its CLI'
  describeAdapter(name, subject, { worker: new URL('./worker.ts', import.meta.url) })
} else {
  console.error(missing)
  describe('Adapter contract: Claude Agent SDK', () => test.skip(missing))
}
