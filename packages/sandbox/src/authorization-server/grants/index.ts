import type { ServerContext } from '../server-context.ts'
import { federatedConnection } from './federated-connection.ts'
import type { CustomGrant, GrantContext } from './grant.ts'
import { jwtBearer } from './jwt-bearer.ts'
import { tokenExchange } from './token-exchange.ts'

const GRANTS: readonly CustomGrant[] = [tokenExchange, jwtBearer, federatedConnection]

/** Teaches the library the grants it does not have. */
export function registerGrants(context: ServerContext): void {
  for (const { type, parameters, repeatable = [], handle } of GRANTS) {
    context.provider.registerGrantType(
      type,
      async (ctx) => {
        ctx.body = await handle(context, ctx as GrantContext)
      },
      parameters,
      repeatable,
    )
  }
}
