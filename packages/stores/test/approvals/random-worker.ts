import { appendFileSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { verifyAccessToken } from '@behalf/core'
import { systemClock } from '@behalf/core/spi'
import { profileOf } from '@behalf/testing'
import { hastened, hastenTimers } from '../hastened-store.ts'
import { openTarget } from '../targets.ts'
import { keys } from './guarded-world.ts'
import { AT_ONCE, orderOf, type Shift, type Told, type TradingFloor } from './random-orders.ts'

/** After this, a conversation leaves an order that another process has, or had. */
const PATIENCE_MS = 5_000
/** All that holds an order has ended by then. */
const SETTLING_MS = 120_000

const [file, { from, to, settle }] = process.argv.slice(2).map((one) => JSON.parse(one)) as [string, Shift]
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
  const until = performance.now() + (settle ? SETTLING_MS : PATIENCE_MS)
  const isOver = () => performance.now() > until
  let end = 'not tried'
  while (!isOver()) {
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
    const turn = await agent.ask(`${side} ${quantity} shares of ${symbol}`).catch((error: unknown) => error)
    if (turn instanceof Error) {
      end = `${turn}`
      continue
    }
    const outcome = (turn as Awaited<ReturnType<typeof agent.ask>>).outcomes.at(-1)
    if (outcome?.status === 'done') return { order, end: 'done', id: (outcome.result as { readonly id: string }).id }
    if (outcome?.status === 'denied') return { order, end: outcome.code }
    end = outcome?.status === 'interrupted' ? outcome.interrupt.kind : `${outcome?.status}: ${outcome?.message}`
    await wait(200)
  }
  return { order, end }
}

let next = from
const converse = async () => {
  while (next < to) process.send?.(await trade(next++))
}
process.send?.({ order: from, end: 'ready' } satisfies Told)
await Promise.all(Array.from({ length: AT_ONCE }, converse))
process.exit(0)
