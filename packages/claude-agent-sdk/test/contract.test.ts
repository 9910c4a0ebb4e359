import { describeAdapter } from '@behalf/testing/contract'
import { describe, test } from 'vitest'
import { subject } from './framework.ts'
import { missingCli } from './model-server.ts'

const missing = missingCli()
if (missing === undefined) {
  describeAdapter('Claude Agent SDK', subject, { worker: new URL('./worker.ts', import.meta.url) })
} else {
  console.error(missing)
  describe('Adapter contract: Claude Agent SDK', () => test.skip(missing))
}
