import type { CryptoKey } from 'jose'
import { SignJWT } from 'jose/jwt/sign'
import { ConfigurationError } from '../../base/errors/index.ts'
import { parsedJson, refuseUnknownKeys } from '../../base/values/index.ts'
import type { Profile } from '../profiles/profile.ts'
import { signingKey } from './client-authentication-options.ts'

/**
 * Options to sign the request, for servers that require it. The client's registration gives the server the public key.
 */
export interface SignRequestOptions {
  /** Signing `CryptoKey`, such as jose's `importPKCS8` or `importJWK` returns. */
  readonly privateKey: CryptoKey
  /** JWS algorithm, as registered with the server: PS256, ES256, … @default the algorithm that the key is made for */
  readonly algorithm?: string | undefined
  /** `kid`, where the server knows several keys of this client. */
  readonly keyId?: string | undefined
}

type SigningKey = ReturnType<typeof signingKey>

/** `true`: the key of the profile's `private_key_jwt`. */
export type RequestKey = true | SigningKey

/** Lifetime of a signed request, which is used at once, in seconds. */
const LIFETIME_SECONDS = 60

/** Members of a request that are JSON inside a signed object, and text outside it (RFC 9396 §3, OpenID Connect Core §6.1). */
const jsonMembers: readonly string[] = ['authorization_details', 'claims', 'max_age']

/** @throws ConfigurationError An option is unknown or wrong. */
export function requestKey(where: string, given: boolean | SignRequestOptions | undefined): RequestKey | undefined {
  if (given === undefined || given === false) return undefined
  if (given === true) return true
  refuseUnknownKeys(where, given, ['privateKey', 'algorithm', 'keyId'])
  return signingKey(where, given)
}

/** @throws ConfigurationError The profile should sign with its key, but has no key. */
export function signingKeyOf(where: string, key: RequestKey, { clientAuthentication }: Profile): SigningKey {
  if (key !== true) return key
  if (clientAuthentication.method === 'private_key_jwt') return clientAuthentication
  throw new ConfigurationError(
    where,
    `true is the key of private_key_jwt, and the client authenticates by ${clientAuthentication.method}: give { privateKey }`,
  )
}

/**
 * Returns the request as a signed object: it contains every parameter, and none is sent outside it.
 * @param now - Epoch seconds.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9101#section-4 | RFC 9101 §4}
 * @see {@link https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#signed_auth_request | CIBA Core §7.1.1}
 */
export async function signRequest(
  parameters: Readonly<Record<string, string>>,
  { privateKey, algorithm, keyId }: SigningKey,
  { issuer, clientId }: Profile,
  now: number,
): Promise<{ readonly request: string }> {
  const seconds = Math.floor(now)
  const claims = Object.entries(parameters).map(([name, value]) => [
    name,
    // Text that is no JSON stays text: the server says so, as it does of a request that is not signed.
    jsonMembers.includes(name) ? (parsedJson(value) ?? value) : value,
  ])
  const request = await new SignJWT({
    ...Object.fromEntries(claims),
    iss: clientId,
    aud: issuer,
    iat: seconds,
    nbf: seconds,
    exp: seconds + LIFETIME_SECONDS,
    jti: crypto.randomUUID(),
  })
    .setProtectedHeader({ alg: algorithm, ...(keyId !== undefined && { kid: keyId }) })
    .sign(privateKey)
  return { request }
}
