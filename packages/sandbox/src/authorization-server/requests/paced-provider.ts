import { GRANT, tooSoon } from '@behalf/testing/authorization-server'
import { errors, Provider, type TokenEndpointGrantContext } from 'oidc-provider'
import type { ServerContext } from '../server-context.ts'

const DEFAULT_INTERVAL = 5

/** Parameter that names the question that a grant polls for. */
const POLLED: Readonly<Record<string, 'auth_req_id' | 'device_code'>> = {
  [GRANT.ciba]: 'auth_req_id',
  [GRANT.device]: 'device_code',
}

type PolledContext = TokenEndpointGrantContext<Record<string, unknown>>

const contexts = new WeakMap<Provider, ServerContext>()

/** The library's provider with a limit on polling, which the library does not have. */
export class PacedProvider extends Provider {
  /** Sets the context of this provider, before the first request. */
  serve(context: ServerContext): void {
    contexts.set(this, context)
  }

  /** Called by the library's own constructor for the grants that it knows. */
  override registerGrantType<Params extends object>(
    name: string,
    handler: (ctx: TokenEndpointGrantContext<Params>) => void | Promise<void>,
    parameters?: string | readonly string[] | ReadonlySet<string>,
    duplicates?: string | readonly string[] | ReadonlySet<string>,
  ): void {
    const polled = POLLED[name]
    super.registerGrantType<Params>(
      name,
      polled === undefined ? handler : (ctx) => this.#paced(polled, ctx as PolledContext, () => handler(ctx)),
      parameters,
      duplicates,
    )
  }

  async #paced(polled: string, ctx: PolledContext, handle: () => void | Promise<void>): Promise<void> {
    const pace = contexts.get(this)?.state.paces.get(String(ctx.oidc.params[polled]))
    const last = pace?.lastPollAt
    const wait = pace === undefined ? undefined : tooSoon(pace, Date.now())
    if (wait !== undefined) {
      ctx.set('retry-after', String(wait))
      throw new errors.SlowDown(`poll every ${wait} seconds`)
    }
    try {
      await handle()
    } catch (error) {
      // RFC 9449 §8: the client repeats the same request at once, with a nonce; both are one poll.
      if (pace !== undefined && error instanceof errors.UseDpopNonce) Object.assign(pace, { lastPollAt: last })
      throw error
    }
    if (pace?.loseAnswer) ctx.state.loseAnswer = true
  }
}

/** Begins the pace of the polls for an answer. @returns the interval, in seconds */
export function startPace({ options, state }: ServerContext, id: string): number {
  const interval = options.interval ?? DEFAULT_INTERVAL
  state.paces.set(id, { interval, slowDownNext: false, loseAnswer: false })
  return interval
}
