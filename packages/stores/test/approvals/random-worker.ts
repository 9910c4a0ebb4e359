import { appendFileSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { verifyAccessToken } from '@behalf/core'
import { systemClock } from '@behalf/core/spi'
import { profileOf } from '@behalf/testing'
import { hastened, hastenTimers } from '../hastened-store.ts'
import { openTarget } from '../targets.ts'
import { keys } from './guarded-world.ts'
import { AT_ONCE, orderOf, type Shift, type Told, type TradingFloor } from './random-orders.ts'

/** A conversation waits so long for a person. Another one goes on later. */
const PATIENCE_MS = 4_000
/** All that holds an order has ended by then. */
const SETTLING_MS = 150_000

const [file, { open, next }] = process.argv.slice(2).map((one) => JSON.parse(one)) as [string, Shift]
const { target, settings, users, hastenedBy, audit } = JSON.parse(readFileSync(file, 'utf8')) as TradingFloor

// Before the tools are loaded: they name the API's origin.
process.env.STOCK_TRADE_API = settings.api.origin
const { createStockAgent, scriptedPlanner, stockGuard } = await import('@behalf/example-stock-agent')

hastenTimers(hastenedBy)
const { issuer, clientId, clientSecret, agentName, openFga } = settings
const authorizationServer = profileOf(
  { authorizationServer: { issuer } },
  { clientId, authentication: { method: 'client_secret_basic', clientSecret } },
)
const guard = stockGuard({
  authorizationServer,
  agentName,
  openFga: { ...openFga, apiToken: openFga.credentials.token },
  // Written at once, so that a kill takes none of it.
  audit: {
    write(event) {
      if (event.type === 'approval') appendFileSync(audit, `${JSON.stringify(event)}\n`)
    },
  },
  store: hastened(await openTarget(target), hastenedBy),
  keys,
  clock: systemClock,
  fetch,
})
const identities = await Promise.all(
  users.map(({ accessToken }) =>
    verifyAccessToken(accessToken, { authorizationServer, audience: settings.agentResource }),
  ),
)

/** One conversation, as an app has it that finds it again under its thread after a restart. */
async function trade(order: number): Promise<Told> {
  const { user, side, symbol, quantity } = orderOf(order)
  const identity = identities[user]
  const until = performance.now() + (next === undefined ? SETTLING_MS : PATIENCE_MS)
  const isOver = () => performance.now() > until
  do {
    const agent = createStockAgent({
      guard,
      planner: scriptedPlanner,
      threadId: `order ${order}`,
      ...(identity && { identity }),
      portfolio: `p-${users[user]?.subject}`,
      async waitForPerson({ interval = 1 }) {
        await wait(interval * 500)
        return isOver() ? 'leave' : 'look'
      },
    })
    // It rejects where the exchange cannot be reached.
    const turn = await agent.ask(`${side} ${quantity} shares of ${symbol}`).catch(() => undefined)
    const outcome = turn?.outcomes.at(-1)
    if (outcome?.status === 'done') return { order, end: 'done', id: (outcome.result as { readonly id: string }).id }
    if (outcome?.status === 'denied') return { order, end: outcome.code }
    await wait(200)
    // Held by another process, or by one that is dead: there are other orders meanwhile.
  } while (next === undefined && !isOver())
  return { order }
}

function* ordersToTake(): Generator<number> {
  const left = [...open]
  for (let fresh = next; ; ) {
    const one = left.splice(Math.floor(Math.random() * left.length), 1)[0]
    if (one !== undefined) yield one
    if (fresh !== undefined) yield fresh++
    else if (one === undefined) return
  }
}

const tell = (told: Told) => process.send?.(told)
const orders = ordersToTake()
tell({ order: -1 })
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (const order of orders) {
      tell({ order })
      tell(await trade(order))
    }
  }),
)
process.exit(0)
