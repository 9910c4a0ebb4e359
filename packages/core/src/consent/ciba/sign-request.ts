import type { CryptoKey } from 'jose'
import { SignJWT } from 'jose/jwt/sign'
import { ConfigurationError } from '../../base/errors/index.ts'
import { refuseUnknownKeys } from '../../base/values/index.ts'
import type { Profile } from '../../caller/authorization-server/profile.ts'
import type { BackchannelParameters } from './check-backchannel-parameters.ts'

/**
 * Options to sign the request, for servers that require it. The client's registration gives the server the public key.
 */
export interface SignRequestOptions {
  /** Signing `CryptoKey`, such as jose's `importPKCS8` or `importJWK` returns. */
  readonly privateKey: CryptoKey
  /** JWS algorithm, as registered (`backchannel_authentication_request_signing_alg`): PS256, ES256, … */
  readonly algorithm: string
  /** `kid`, if the server knows several keys of this client. */
  readonly keyId?: string
}

/** A request is used at once. Seconds. */
const LIFETIME_SECONDS = 60

/** Copies the options. @throws ConfigurationError An option is unknown or wrong. */
export function checkSignRequest(options: SignRequestOptions): SignRequestOptions {
  refuseUnknownKeys('ciba.signRequest', options, ['privateKey', 'algorithm', 'keyId'])
  const { privateKey, algorithm } = options
  if (privateKey?.type !== 'private' || !privateKey.usages.includes('sign')) {
    throw new ConfigurationError('ciba.signRequest.privateKey', "give a private CryptoKey with the usage 'sign'")
  }
  // CIBA Core §7.1.1: an asymmetric signature.
  if (!/^(?:(?:RS|PS|ES)(?:256|384|512)|EdDSA|Ed25519)$/.test(algorithm)) {
    throw new ConfigurationError('ciba.signRequest.algorithm', 'is not an asymmetric signature algorithm')
  }
  return { ...options }
}

/**
 * Returns the request as a signed object: it contains every parameter, and none is sent outside it.
 * @see {@link https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#signed_auth_request | CIBA Core §7.1.1}
 */
export async function signRequest(
  { authorization_details: details, ...parameters }: BackchannelParameters,
  { privateKey, algorithm, keyId }: SignRequestOptions,
  { issuer, clientId }: Profile,
  now: number,
): Promise<BackchannelParameters> {
  const seconds = Math.floor(now)
  const request = await new SignJWT({
    ...parameters,
    // RFC 9396 §3: inside a request object, the details are JSON and not text.
    ...(details !== undefined && { authorization_details: JSON.parse(details) }),
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
