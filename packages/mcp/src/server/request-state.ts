import { ConfigurationError } from '@behalf/core'
import { createRequestStateCodec, type RequestStateCodec } from '@modelcontextprotocol/server'
import * as z from 'zod/mini'
import { signingKey } from '../base/signing-key.ts'
import { identityOf, principalOf } from '../guarded-tools/auth-info.ts'

/** Options of the state that clients send back in the next round of a call (revision 2026-07-28). */
export interface RequestStateOptions {
  /**
   * 32 bytes or more, the same in every process that may get the next round.
   * @default random: only this process accepts its own state
   */
  readonly key?: Uint8Array
  /** Maximum time between two rounds, in seconds. @default 3600 */
  readonly lifetimeSeconds?: number
}

/** Content of the state: the run and the tool. Signed, not encrypted. It grants nothing by itself. */
export interface RoundState {
  readonly tool: string
  readonly slot: string
  /** The interrupt whose page the client was asked to open. */
  readonly asked?: string
  /** The state of the tool's own body. */
  readonly own?: string
}

const wire = z.strictObject({
  tool: z.string(),
  slot: z.string(),
  asked: z.optional(z.string()),
  own: z.optional(z.string()),
})

/**
 * Makes the functions that sign and check the state.
 *
 * It is bound to the user, the agent and the server: state of another one is refused before a tool runs. The guard
 * finds a run only under its owner and for equal arguments.
 */
export function requestStates(option: string, options: RequestStateOptions = {}): RequestStateCodec<RoundState> {
  const { lifetimeSeconds = 3600 } = options
  const key = signingKey(`${option}.key`, options.key)
  if (!(Number.isSafeInteger(lifetimeSeconds) && lifetimeSeconds > 0)) {
    throw new ConfigurationError(`${option}.lifetimeSeconds`, 'give whole seconds, 1 or more')
  }
  let made: RequestStateCodec<RoundState> | undefined
  const codec = () =>
    (made ??= createRequestStateCodec<RoundState>({
      key: key(),
      ttlSeconds: lifetimeSeconds,
      bind: (context) => {
        const identity = identityOf(context)
        const principal = identity === undefined ? null : principalOf(identity)
        // Two servers may share a key.
        return JSON.stringify([context.mcpReq.method, principal, context.http?.authInfo?.resource?.href ?? null])
      },
    }))
  return { mint: (...round) => codec().mint(...round), verify: (...round) => codec().verify(...round) }
}

/** Returns the state of this round for this tool, or `undefined`. */
export function roundOf(state: unknown, tool: string): RoundState | undefined {
  const parsed = wire.safeParse(state)
  return parsed.success && parsed.data.tool === tool ? (parsed.data as RoundState) : undefined
}
