import type { JWK } from 'jose'
import * as z from 'zod/mini'
import { epochSeconds } from '../../clock.ts'
import type { Received } from '../../http/received.ts'
import { answer, Refusal } from '../../http/refusal.ts'
import { parseJson } from '../grants/grant-targets.ts'
import type { MockClient } from '../options.ts'
import type { ServerContext } from '../server-context.ts'
import { GRANT } from '../server-facts.ts'
import type { RegisteredClient } from '../state.ts'
import { randomText } from '../tokens/issue-tokens.ts'

const texts = z.array(z.string())

/** Members of RFC 7591 §2 and CIBA Core §4 with an effect here. Others are stored and returned. */
const Metadata = z.looseObject({
  redirect_uris: z.optional(texts),
  grant_types: z._default(texts, [GRANT.authorizationCode]),
  token_endpoint_auth_method: z._default(
    z.enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none']),
    'client_secret_basic',
  ),
  scope: z.optional(z.string()),
  jwks: z.optional(z.object({ keys: z.array(z.looseObject({ kty: z.string() })) })),
  backchannel_token_delivery_mode: z.optional(z.enum(['poll', 'ping'])),
  backchannel_client_notification_endpoint: z.optional(z.url()),
})
type Metadata = z.infer<typeof Metadata>

/** Registers any client that asks. @see {@link https://www.rfc-editor.org/rfc/rfc7591#section-3 | RFC 7591 §3} */
export async function registerClient(context: ServerContext, received: Received): Promise<Response> {
  const parsed = Metadata.safeParse(parseJson(received.body))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new Refusal('invalid_client_metadata', `${issue?.path.join('.') || 'body'}: ${issue?.message}`)
  }
  checkMetadata(parsed.data)
  const clientId = crypto.randomUUID()
  const client = clientOf(clientId, parsed.data)
  const registered: RegisteredClient = {
    client,
    metadata: { ...parsed.data, client_id: clientId, client_id_issued_at: epochSeconds(context.clock) },
    registrationAccessToken: randomText(),
  }
  context.state.registeredClients.set(clientId, registered)
  return answer(shown(context, registered), { status: 201 })
}

/**
 * Reads or deletes a registration, for the holder of its token.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7592#section-2 | RFC 7592 §2}
 */
export async function manageClient(context: ServerContext, received: Received, clientId: string): Promise<Response> {
  const registered = context.state.registeredClients.get(clientId)
  // §2: a caller without the right must not learn whether the client exists.
  if (received.headers.get('authorization') !== `Bearer ${registered?.registrationAccessToken}`) {
    throw new Refusal('invalid_token', 'no such registration, or another access token', {
      status: 401,
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    })
  }
  if (received.method === 'GET') return answer(shown(context, registered as RegisteredClient))
  context.state.registeredClients.delete(clientId)
  return new Response(null, { status: 204 })
}

function checkMetadata(metadata: Metadata): void {
  const known: readonly string[] = Object.values(GRANT)
  const unknown = metadata.grant_types.find((grantType) => !known.includes(grantType))
  if (unknown !== undefined) throw new Refusal('invalid_client_metadata', `grant_types: no grant ${unknown}`)
  const redirectUris = metadata.redirect_uris ?? []
  if (metadata.grant_types.includes(GRANT.authorizationCode) && redirectUris.length === 0) {
    throw new Refusal('invalid_redirect_uri', 'redirect_uris is missing')
  }
  // RFC 6749 §3.1.2: absolute, without a fragment.
  const wrong = redirectUris.find((uri) => !URL.canParse(uri) || uri.includes('#'))
  if (wrong !== undefined) throw new Refusal('invalid_redirect_uri', `not an absolute URI without fragment: ${wrong}`)
  if (metadata.token_endpoint_auth_method === 'private_key_jwt' && metadata.jwks === undefined) {
    throw new Refusal('invalid_client_metadata', 'jwks: private_key_jwt needs a key')
  }
  const isPing = metadata.backchannel_token_delivery_mode === 'ping'
  if (isPing && metadata.backchannel_client_notification_endpoint === undefined) {
    throw new Refusal('invalid_client_metadata', 'backchannel_client_notification_endpoint: ping mode needs one')
  }
}

function clientOf(clientId: string, metadata: Metadata): MockClient {
  const method = metadata.token_endpoint_auth_method
  const notificationEndpoint = metadata.backchannel_client_notification_endpoint
  return {
    clientId,
    grantTypes: metadata.grant_types,
    ...(method.startsWith('client_secret') && { clientSecret: randomText() }),
    ...(method === 'private_key_jwt' && { publicKeys: metadata.jwks?.keys as readonly JWK[] }),
    ...(metadata.redirect_uris && { redirectUris: metadata.redirect_uris }),
    ...(metadata.scope !== undefined && { scopes: metadata.scope.split(' ') }),
    ...(metadata.backchannel_token_delivery_mode === 'ping' && notificationEndpoint && { notificationEndpoint }),
  }
}

function shown(context: ServerContext, { client, metadata, registrationAccessToken }: RegisteredClient): object {
  return {
    ...metadata,
    // RFC 7591 §3.2.1: an expiry is required with a secret; 0 means none.
    ...(client.clientSecret !== undefined && { client_secret: client.clientSecret, client_secret_expires_at: 0 }),
    registration_access_token: registrationAccessToken,
    registration_client_uri: `${context.endpoints.register}/${client.clientId}`,
  }
}
