import * as client from 'openid-client'
import { connectAuthorizationServer } from '../../src/entrypoints/spi.ts'
import type { Profile } from '../../src/index.ts'

/** The server's own grants and endpoints, by the SPI. */
export const connect = (profile: Profile) =>
  connectAuthorizationServer(profile, { fetch, clock: { now: Date.now }, timeoutMs: 10_000 })

/** A login of the suites: what an app does with a library for OpenID Connect. */
export interface SignIn {
  readonly scope?: string
  /** More parameters of the authorization request, such as `resource`. */
  readonly parameters?: Readonly<Record<string, string>>
  /** Sends the request to the server first (RFC 9126). */
  readonly pushed?: boolean
  /** Binds the tokens to this key (RFC 9449). */
  readonly key?: CryptoKeyPair
}

/** A key for DPoP that our SDK and the app's library can both use. */
export const dpopKeys = () => client.randomDPoPKeyPair('ES256', { extractable: true })

/** Signs a person in by code and PKCE. `browse` follows the link as their browser does, to the callback. */
export async function signInAt(
  { issuer, clientId, clientAuthentication }: Profile,
  callback: string,
  browse: (url: URL) => Promise<URL>,
  { scope = 'openid', parameters = {}, pushed = false, key }: SignIn = {},
) {
  const secret = 'clientSecret' in clientAuthentication ? clientAuthentication.clientSecret : undefined
  const configuration = await client.discovery(
    new URL(issuer),
    clientId,
    {},
    'privateKey' in clientAuthentication ? byKey(clientAuthentication) : client.ClientSecretPost(secret),
    { execute: [client.allowInsecureRequests] },
  )
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()]
  const request = {
    ...{ redirect_uri: callback, scope, state: expectedState, nonce: expectedNonce, ...parameters },
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  }
  const url = pushed
    ? await client.buildAuthorizationUrlWithPAR(configuration, request)
    : client.buildAuthorizationUrl(configuration, request)
  const tokens = await client.authorizationCodeGrant(
    configuration,
    await browse(url),
    { pkceCodeVerifier, expectedState, expectedNonce },
    {},
    key && { DPoP: client.getDPoPHandle(configuration, key) },
  )
  return { tokens, nonce: expectedNonce }
}

function byKey({
  privateKey: key,
  keyId = '',
}: Extract<Profile['clientAuthentication'], { readonly method: 'private_key_jwt' }>): client.ClientAuth {
  return (as, own, body, headers) =>
    client.PrivateKeyJwt(
      { key, kid: keyId },
      {
        [client.modifyAssertion]: (_header, payload) => {
          payload.aud = as.token_endpoint ?? ''
        },
      },
    )(as, own, body, headers)
}

/** A fetch that keeps the refresh tokens that come. */
export function watchRefreshTokens(): { readonly fetch: typeof fetch; readonly tokens: string[] } {
  const tokens: string[] = []
  return {
    tokens,
    fetch: async (url, init) => {
      const response = await fetch(url, init)
      const body: { readonly refresh_token?: string } = await response
        .clone()
        .json()
        .catch(() => ({}))
      if (body.refresh_token !== undefined) tokens.push(body.refresh_token)
      return response
    },
  }
}
