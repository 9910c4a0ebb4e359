import type { AppProcess } from './app-process.ts'
import type { CommandOf } from './commands.ts'
import { API } from './issuer.ts'
import type { World } from './world.ts'

/**
 * An order at the app's own API, whose approval gates run each one once. Two gates of a process share a memory store,
 * the third one uses the database of all processes.
 */
export async function placeOrder(
  world: World,
  process: AppProcess,
  { who, amount, token: which, key, gate, approved, status }: CommandOf<'order'>,
): Promise<void> {
  const token = world.approvedToken(who, amount, which)
  const headers = { authorization: `Bearer ${token}`, 'idempotency-key': key }
  const request = new Request(`${API}/orders`, { method: 'POST', headers })
  const caller = await process.api.protect(request)
  if (!caller.ok) {
    world.saw(`order: refused ${caller.response.status}`)
    return
  }
  const store = gate === 2 ? 'the database' : `the memory of ${process.name}`
  const order = { store, subject: who, key, ...(approved && { token: `${who} ${amount} ${which}` }) }
  const handler = async () => {
    world.tell({ kind: 'order ran', ...order })
    await process.operation(
      'app',
      `order ${key}`,
      () => {},
      () => new Error('the order could not be kept'),
    )
    world.tell({ kind: 'order ended', ...order, status })
    return new Response(null, { status })
  }
  const run = approved ? process.gates[gate]?.runApproved : process.gates[gate]?.runOnce
  const answer = await run?.(request, caller, { type: 'payment', amount }, handler)
  world.saw(`order: ${answer?.status}`)
}
