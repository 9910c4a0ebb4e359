import { errors, Provider } from 'oidc-provider'
import { GRANT } from './client-metadata.ts'
import type { Pace, ServerContext } from './server-context.ts'

/** Timers fire up to this much early, milliseconds; a poll that was in time is not punished for it. */
const TIMER_SLACK = 100
/** How much each `slow_down` adds, seconds (CIBA Core §11, RFC 8628 §3.5). */
const SLOW_DOWN = 5

/** Which parameter names the question that a grant polls for. */
const POLLED: Readonly<Record<string, 'auth_req_id' | 'device_code'>> = {
  [GRANT.ciba]: 'auth_req_id',
  [GRANT.device]: 'device_code',
}

const contexts = new WeakMap<Provider, ServerContext>()

type Register = Provider['registerGrantType']

/** The library's provider, which by itself lets a client poll as fast as it likes. */
export class PacedProvider extends Provider {
  /** Says whose provider this is, before the first request. */
  serve(context: ServerContext): void {
    contexts.set(this, context)
  }

  override registerGrantType: Register = function registerGrantType(this: PacedProvider, name, handler, ...rest) {
    const parameter = POLLED[name]
    if (parameter === undefined) return Provider.prototype.registerGrantType.call(this, name, handler as never, ...rest)
    const paced: Parameters<Register>[1] = async (ctx) => {
      const context = contexts.get(this)
      const pace = context?.state.paces.get(String((ctx.oidc.params as Record<string, unknown>)[parameter]))
      const wait = pace === undefined ? undefined : tooSoon(pace)
      if (wait !== undefined) {
        ctx.set('retry-after', String(wait))
        throw new errors.SlowDown(`poll every ${wait} seconds`)
      }
      await handler(ctx as never)
      if (pace?.loseAnswer) ctx.state.loseAnswer = true
    }
    return Provider.prototype.registerGrantType.call(this, name, paced as never, ...rest)
  }
}

/** @returns the new interval, where the poll came too soon or a test wants a `slow_down`. */
function tooSoon(pace: Pace): number | undefined {
  const now = Date.now()
  const early = pace.lastPollAt !== undefined && now - pace.lastPollAt < pace.interval * 1000 - TIMER_SLACK
  pace.lastPollAt = now
  if (!early && !pace.slowDownNext) return undefined
  pace.slowDownNext = false
  pace.interval += SLOW_DOWN
  return pace.interval
}
