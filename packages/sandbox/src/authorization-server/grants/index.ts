import type { GrantRequest, GrantServer } from '@behalf/testing/authorization-server'
import { exchangeToken, federatedConnection, GRANT, redeemIdJag } from '@behalf/testing/authorization-server'
import { errors, type TokenEndpointGrantContext } from 'oidc-provider'
import { checkDpopReplay, validateDpop } from 'oidc-provider/lib/helpers/grants.js'
import type { ServerContext } from '../server-context.ts'
import { issueAccessToken } from './issue-access-token.ts'
import { translated } from './library-refusal.ts'
import { onBehalfOf } from './on-behalf-of.ts'

type Grant = (server: GrantServer, request: GrantRequest) => Promise<object>

/** Grants that the library does not have. */
const GRANTS: Readonly<Record<string, Grant>> = {
  [GRANT.tokenExchange]: exchangeToken,
  [GRANT.federatedConnection]: federatedConnection,
  [GRANT.jwtBearer]: (server, request) =>
    request.parameters.get('requested_token_use') === 'on_behalf_of'
      ? onBehalfOf(server, request)
      : redeemIdJag(server, request),
}

/** Teaches the library the grants it does not have. */
export function registerGrants(context: ServerContext): void {
  for (const [type, grant] of Object.entries(GRANTS)) {
    context.provider.registerGrantType(type, (ctx) => answer(context, ctx, grant), 'scope')
  }
}

async function answer(context: ServerContext, ctx: TokenEndpointGrantContext, grant: Grant): Promise<void> {
  const { provider, clients } = context
  const { clientId } = ctx.oidc.client
  const proof = await validateDpop(provider, ctx)
  await checkDpopReplay(provider, ctx, proof, clientId, errors.InvalidDpopProof)
  const server: GrantServer = { ...context, issueAccessToken: (request) => issueAccessToken(context, ctx, request) }
  // The library has read only the parameters that identify the client.
  const request = { client: clients.get(clientId) ?? { clientId }, parameters: ctx.state.parameters, proof }
  ctx.body = await translated(() => grant(server, request))
}
