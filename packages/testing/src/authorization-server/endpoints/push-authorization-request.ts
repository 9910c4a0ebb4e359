import { optional, type Received, required } from '../../http/received.ts'
import { answer, Refusal } from '../../http/refusal.ts'
import type { ServerContext } from '../server-context.ts'
import { verifyProof } from '../tokens/dpop.ts'
import { randomText } from '../tokens/issue-tokens.ts'
import { authenticateClient } from './authenticate-client.ts'
import { checkRedirectUri, readAuthorizationRequest } from './authorization-request.ts'

const EXPIRES_IN = 60
const PREFIX = 'urn:ietf:params:oauth:request_uri:'

/**
 * Takes an authorization request from the client itself, checked as the authorization endpoint would.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9126#section-2.1 | RFC 9126 §2.1}
 */
export async function pushAuthorizationRequest(context: ServerContext, received: Received): Promise<Response> {
  const client = await authenticateClient(context, received)
  const { parameters } = received
  // §2.1: a pushed request cannot refer to another one.
  if (parameters.has('request_uri')) throw new Refusal('invalid_request', 'request_uri is not taken here')
  if (required(parameters, 'client_id') !== client.clientId) {
    throw new Refusal('invalid_request', 'client_id is not the client that authenticated')
  }
  await verifyProof(context, received)
  checkRedirectUri(client, parameters)
  readAuthorizationRequest(context, client, parameters)
  const requestUri = PREFIX + randomText()
  const expiresAt = context.clock.now() + EXPIRES_IN * 1000
  context.state.pushedRequests.set(requestUri, { clientId: client.clientId, parameters, expiresAt })
  return answer({ request_uri: requestUri, expires_in: EXPIRES_IN }, { status: 201 })
}

/** Returns the pushed parameters, once; the query itself if nothing was pushed. */
export function pushedParameters(context: ServerContext, query: URLSearchParams): URLSearchParams {
  const requestUri = optional(query, 'request_uri')
  if (requestUri === undefined) return query
  const pushed = context.state.pushedRequests.get(requestUri)
  context.state.pushedRequests.delete(requestUri)
  if (pushed === undefined || pushed.expiresAt <= context.clock.now()) {
    throw new Refusal('invalid_request_uri', 'unknown or expired request_uri, or one already used')
  }
  // §2.2: bound to the client that pushed it.
  if (required(query, 'client_id') !== pushed.clientId) {
    throw new Refusal('invalid_request_uri', 'request_uri is of another client')
  }
  return pushed.parameters
}
