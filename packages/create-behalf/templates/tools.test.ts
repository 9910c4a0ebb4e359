import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createGuard } from '@behalf/core'
import { startSandbox } from '@behalf/sandbox'
import { buy } from './tools.ts'

const sandbox = await startSandbox()
const guard = createGuard(sandbox.guardOptions)
const identity = await sandbox.signIn('ann')
after(() => sandbox.close())

const buyShares = (slot: string, quantity: number) =>
  guard.run(buy, { slot, input: { symbol: 'AAPL', quantity }, identity })

test('buys what the user approved, and nothing that they denied', async () => {
  await sandbox.fault('approve') // answers the next question as the user's phone does
  const approved = await buyShares('order-1', 50)
  assert.equal(approved.status === 'done' && approved.result, 'bought 50 AAPL')

  await sandbox.fault('deny')
  const denied = await buyShares('order-2', 50)
  assert.equal(denied.status === 'denied' && denied.code, 'approval_denied')
})
