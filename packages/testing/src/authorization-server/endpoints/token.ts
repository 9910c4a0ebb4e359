import { type Received, required } from '../../http/received.ts'
import { answer, Refusal } from '../../http/refusal.ts'
import { redeemCode } from '../grants/authorization-code.ts'
import { pollBackchannelRequest } from '../grants/ciba.ts'
import { clientCredentials } from '../grants/client-credentials.ts'
import { pollDevice } from '../grants/device-code.ts'
import { federatedConnection } from '../grants/federated-connection.ts'
import { redeemIdJag } from '../grants/jwt-bearer.ts'
import { refresh } from '../grants/refresh-token.ts'
import { exchangeToken } from '../grants/token-exchange.ts'
import { requireGrantType, type ServerContext } from '../server-context.ts'
import { GRANT, type GrantRequest } from '../server-facts.ts'
import { verifyProof } from '../tokens/dpop.ts'
import { authenticateClient } from './authenticate-client.ts'

type GrantHandler = (context: ServerContext, request: GrantRequest) => Promise<object>

const HANDLERS: Readonly<Record<string, GrantHandler>> = {
  [GRANT.authorizationCode]: redeemCode,
  [GRANT.refreshToken]: refresh,
  [GRANT.clientCredentials]: clientCredentials,
  [GRANT.tokenExchange]: exchangeToken,
  [GRANT.federatedConnection]: federatedConnection,
  [GRANT.ciba]: pollBackchannelRequest,
  [GRANT.device]: pollDevice,
  [GRANT.jwtBearer]: redeemIdJag,
}

/** Token endpoint: authenticates the client, then calls the grant. */
export async function token(context: ServerContext, received: Received): Promise<Response> {
  const client = await authenticateClient(context, received)
  const grantType = required(received.parameters, 'grant_type')
  const handler = Object.hasOwn(HANDLERS, grantType) ? HANDLERS[grantType] : undefined
  if (handler === undefined) throw new Refusal('unsupported_grant_type', `no grant ${grantType}`)
  requireGrantType(client, grantType)
  const proof = await verifyProof(context, received)
  return answer(await handler(context, { client, parameters: received.parameters, proof }))
}
