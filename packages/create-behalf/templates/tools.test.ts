import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { createGuard } from '@behalf/core'
import { startSandbox } from '@behalf/sandbox'
import { buy } from './tools.ts'

const sandbox = await startSandbox()
const guard = createGuard(sandbox.guardOptions)
const identity = await sandbox.signIn('ann')
after(() => sandbox.close())

async function buyShares(slot: string, quantity: number) {
  for (;;) {
    const outcome = await guard.run(buy, { slot, input: { symbol: 'AAPL', quantity }, identity })
    if (outcome.status !== 'interrupted') return outcome
    await setTimeout(500) // The question is open. The same call again gets its answer.
  }
}

test('buys what the user approved, and nothing that they denied', async () => {
  await sandbox.fault('approve') // answers the next question as the user's phone does
  const approved = await buyShares('order-1', 50)
  assert.equal(approved.status === 'done' && approved.result, 'bought 50 AAPL')

  await sandbox.fault('deny')
  const denied = await buyShares('order-2', 50)
  assert.equal(denied.status === 'denied' && denied.code, 'approval_denied')
})
