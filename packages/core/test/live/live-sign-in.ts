import { createSignIn, type StartSignInOptions } from '../../src/entrypoints/identity.ts'
import { connectAuthorizationServer } from '../../src/entrypoints/spi.ts'
import { memoryStore, type Profile } from '../../src/index.ts'

/** The server's own grants and endpoints, by the SPI. */
export const connect = (profile: Profile) =>
  connectAuthorizationServer(profile, { fetch, clock: { now: Date.now }, timeoutMs: 10_000 })

/** A login of the suites. */
export interface Login extends StartSignInOptions {
  readonly scope?: string
  /** The API of the access token. */
  readonly resource?: string
  /** Whether the request is sent to the server first (RFC 9126). */
  readonly pushed?: boolean
  /** Whether the request is signed by the key of `private_key_jwt` (RFC 9101). */
  readonly signed?: boolean
}

/** Signs a person in as an app does. `browse` follows the link as their browser does, to the callback. */
export async function signInAt(
  authorizationServer: Profile,
  redirectUri: string,
  browse: (url: URL) => Promise<URL>,
  { scope = 'openid', resource, pushed, signed, ...asked }: Login = {},
) {
  const signIn = createSignIn({
    ...{ authorizationServer, redirectUri, resource, store: memoryStore() },
    ...{ scopes: scope.split(' '), pushRequest: pushed, signRequest: signed },
  })
  const { url, cookie } = await signIn.start(new Request(redirectUri), asked)
  const back = await browse(new URL(url))
  const answer = await signIn.complete(new Request(back, { headers: { cookie: cookie.split(';')[0] ?? '' } }))
  if (answer.status === 'refused') throw Object.assign(new Error(`refused: ${answer.reason}`), answer)
  const { tokens, nonce, identity } = answer
  return { tokens, nonce, identity, signIn, url: new URL(url) }
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
