import type { UserIdentity } from '../base/contract/index.ts'
import {
  ConfigurationError,
  IdentityRequiredError,
  InvalidResponseError,
  InvalidTokenError,
} from '../base/errors/index.ts'
import type { Fetch } from '../base/ports.ts'
import { parsedJson } from '../base/values/index.ts'
import { type CredentialOptions, createCredential, type IssuedToken } from '../credential/index.ts'
import { subjectTokenOf } from '../identity/subject-token.ts'
import { allowInsecureLoopback, type Profile } from '../oauth/profiles/profile.ts'
import { boundedRequest, withinDeadline } from '../oauth/requests/bounded-request.ts'
import type { AuthorizationServer, RequestOptions, Surroundings } from '../oauth/server.ts'

/**
 * Requests the claims of a user with the access token behind the identity.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#UserInfo | OpenID Connect Core §5.3}
 */
export async function requestUserInfo(
  server: AuthorizationServer,
  identity: UserIdentity,
  options: Surroundings & Pick<RequestOptions, 'signal'>,
): Promise<Readonly<Record<string, unknown>>> {
  const { profile } = server
  const held = usableToken(identity, profile)
  const { fetch, clock, signal, timeoutMs } = options
  const rules = { fetch, now: () => clock.now(), allowInsecureLoopback: profile[allowInsecureLoopback] === true }
  const bounded: Fetch = (input, init = {}) => boundedRequest(rules, String(input), init)
  const { userInfo: url } = await server.endpoints(options)
  if (url === undefined) throw new ConfigurationError('authorizationServer', 'the server has no UserInfo endpoint')
  if (!URL.canParse(url)) throw new InvalidResponseError("the server's metadata names no address for UserInfo")
  const send = fetchWith(held, { name: 'UserInfo', origins: [new URL(url).origin], fetch: bounded })
  const response = await withinDeadline({ timeoutMs, signal }, (ending) =>
    send(url, { headers: { accept: 'application/json' }, signal: ending }),
  )
  if (response.status === 401) throw new InvalidTokenError('inactive', 'the server refused the access token')
  const claims = response.ok ? parsedJson(await response.text()) : undefined
  if (typeof claims !== 'object' || claims === null || !('sub' in claims)) {
    throw new InvalidResponseError(`UserInfo was answered with ${response.status} and no claims in JSON`)
  }
  // OpenID Connect Core §5.3.2: the claims of another `sub` must not be used.
  if (claims.sub !== (identity.claims.sub ?? identity.subject)) {
    throw new InvalidTokenError('subject', 'the claims of UserInfo are of another user')
  }
  return claims as Readonly<Record<string, unknown>>
}

/** Returns a `fetch` that presents the token to these origins only, with a proof of its key. */
export const fetchWith = (held: HeldToken, options: Pick<CredentialOptions, 'name' | 'origins' | 'fetch'>): Fetch =>
  createCredential({ issued: { scopes: [], ...held }, ...options, onRawToken: () => {} }).credential.fetch

type HeldToken = Pick<IssuedToken, 'token' | 'dpop'>

/**
 * Returns the token to present. No other server gets it, and a bound one never goes out as Bearer (I8).
 * @throws IdentityRequiredError, InvalidTokenError The token is absent, or bound to another key.
 */
export function usableToken(identity: UserIdentity, { issuer, dpop }: Profile): HeldToken {
  const proof = subjectTokenOf(identity)
  if (proof?.type !== 'access_token' || identity.issuer !== issuer) {
    throw new IdentityRequiredError(`no access token of ${issuer} is behind the identity: give that of a sign-in`)
  }
  const { token, keyThumbprint } = proof
  if (keyThumbprint === undefined) return { token }
  if (dpop !== undefined && keyThumbprint === dpop.thumbprint) return { token, dpop }
  throw new InvalidTokenError('binding', 'the access token is bound to a key that the profile does not have')
}
