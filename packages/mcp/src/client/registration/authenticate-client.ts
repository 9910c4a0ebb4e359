import { type OAuthClientInformationMixed, selectClientAuthMethod } from '@modelcontextprotocol/client'

/** The server metadata that is needed here. */
export interface TokenEndpointMetadata {
  readonly token_endpoint_auth_methods_supported?: readonly string[] | undefined
}

/**
 * Adds our client's authentication to a token request.
 *
 * Replaces the SDK's own function, which sends id and secret unencoded. Basic requires form encoding: without it, a
 * secret with a colon or a percent sign is read as another secret.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 | RFC 6749 §2.3.1}
 */
export function authenticateClient(
  client: OAuthClientInformationMixed,
  headers: Headers,
  parameters: URLSearchParams,
  metadata: TokenEndpointMetadata | undefined,
): void {
  const supported = [...(metadata?.token_endpoint_auth_methods_supported ?? [])]
  const { client_id: id, client_secret: secret } = client
  const method = secret === undefined ? 'none' : selectClientAuthMethod(client, supported)
  if (method === 'client_secret_basic' && secret !== undefined) {
    headers.set('authorization', `Basic ${btoa(`${formEncoded(id)}:${formEncoded(secret)}`)}`)
    return
  }
  parameters.set('client_id', id)
  if (method === 'client_secret_post' && secret !== undefined) parameters.set('client_secret', secret)
}

const formEncoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1)
