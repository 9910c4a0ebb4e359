import type { OAuthClientMetadata } from '@modelcontextprotocol/client'
import type { ClientRegistration } from '../client-options.ts'
import { checkMetadataUrl } from '../client-options.ts'
import { registeredScopes } from '../sign-in/scope-limit.ts'
import { redirectUriOf } from './redirect-uri.ts'

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/**
 * Metadata with which our client is registered (RFC 7591 §2). The client is public: a program on a user's machine keeps
 * no secret, and PKCE protects the other clients.
 */
export function clientMetadata(
  client: ClientRegistration,
  scopes: readonly string[] = client.scopes ?? [],
): OAuthClientMetadata {
  const { name, redirectUri, uri, logoUri, deviceLogin = false } = client
  const isWeb = new URL(redirectUri).protocol === 'https:'
  return {
    client_name: name,
    redirect_uris: [redirectUri],
    // RFC 8252 §8.4, and a MUST of MCP since 2026-07-28.
    application_type: isWeb ? 'web' : 'native',
    grant_types: ['authorization_code', 'refresh_token', ...(deviceLogin ? [DEVICE_GRANT] : [])],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(uri !== undefined && { client_uri: uri }),
    ...(logoUri !== undefined && { logo_uri: logoUri }),
  }
}

/**
 * Returns every redirect URI that our client sends to a server which reads its document: the shared one to servers that
 * send `iss`, and one of its own to each server that the app names because it may send none.
 */
function documentedRedirectUris(client: ClientRegistration): readonly string[] {
  const { redirectUri, metadataUrl, authorizationOrigins = {}, registered = {} } = client
  const byHand = Object.values(registered).filter(({ client_id: id }) => id === metadataUrl)
  return [
    ...new Set([
      redirectUri,
      ...Object.keys(authorizationOrigins).map((issuer) => redirectUriOf(redirectUri, issuer)),
      ...byHand.flatMap((known) => ('redirect_uris' in known ? (known.redirect_uris ?? []) : [])),
    ]),
  ]
}

/**
 * Makes a fetch-style handler that serves our metadata document. Authorization servers that read such documents need no
 * registration. Give it the same client as the sessions, so that the document lists each redirect URI that they send.
 * The handler returns `undefined` for other addresses.
 *
 * @throws ConfigurationError `metadataUrl` is missing or invalid.
 * @see
 *   {@link https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/ | Client ID Metadata Document}
 */
export function clientMetadataHandler(
  client: ClientRegistration,
): (request: Pick<Request, 'url' | 'method'>) => Response | undefined {
  const { metadataUrl = '' } = client
  const url = checkMetadataUrl('clientMetadataHandler.metadataUrl', metadataUrl)
  // A server that holds the client to its document would refuse the scope of its refresh tokens.
  const scopes = registeredScopes(client.scopes, ['offline_access'])
  const document = JSON.stringify({
    client_id: metadataUrl,
    ...clientMetadata(client, scopes),
    redirect_uris: documentedRedirectUris(client),
  })
  return ({ url: asked, method }) => {
    const { pathname, search } = new URL(asked)
    if (pathname !== url.pathname || search !== url.search) return undefined
    if (method !== 'GET' && method !== 'HEAD') {
      return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } })
    }
    const headers = { 'content-type': 'application/json', 'cache-control': 'public, max-age=3600' }
    return new Response(method === 'HEAD' ? null : document, { headers })
  }
}
