import type { CryptoKey } from 'jose'
import { ConfigurationError } from '../../base/errors/index.ts'
import { defined, namesOf, refuseUnknownKeys, requireText } from '../../base/values/index.ts'

/** Method by which the client authenticates at the authorization server. */
export type ClientAuthentication =
  | { readonly method: 'client_secret_basic'; readonly clientSecret: string }
  | { readonly method: 'client_secret_post'; readonly clientSecret: string }
  | {
      /** A signed assertion (RFC 7523 §2.2). */
      readonly method: 'private_key_jwt'
      readonly privateKey: CryptoKey
      readonly algorithm: string
      readonly keyId?: string
      /**
       * `x5t#S256` of the assertion: SHA-256 of the DER certificate, base64url. Needed if the server identifies keys by
       * it.
       */
      readonly certificateThumbprint?: string
      /**
       * `aud` of the assertion: the issuer, or the URL of the endpoint that gets it, such as the token endpoint. Give
       * `'endpoint'` only for a server that refuses its issuer there.
       * @default 'issuer'
       */
      readonly audience?: 'issuer' | 'endpoint'
    }
  | {
      /**
       * The client's certificate, sent by the app's own `fetch` (RFC 8705 §2). Uses the server's
       * `mtls_endpoint_aliases`, if it has any.
       */
      readonly method: 'tls_client_auth' | 'self_signed_tls_client_auth'
    }
  | { readonly method: 'none' }

/**
 * Options for client authentication. Give one of `clientSecret`, `privateKey` and `clientAuthentication`. A client with
 * none of them is public.
 */
export interface ClientAuthenticationOptions {
  /** Client secret. Secret: it belongs in no log. */
  readonly clientSecret?: string | undefined
  /** Signing key for `private_key_jwt`: a `CryptoKey`, such as jose's `importPKCS8` or `importJWK` returns. */
  readonly privateKey?: CryptoKey | undefined
  /** `alg` of the assertion. @default the algorithm that the key is made for */
  readonly algorithm?: string | undefined
  /** `kid` of the assertion. Needed if the server knows several keys of this client. */
  readonly keyId?: string | undefined
  /** Method of authentication, for an app that needs more than a secret or `private_key_jwt` with one key. */
  readonly clientAuthentication?: ClientAuthentication | undefined
}

export const clientAuthenticationKeys = namesOf<ClientAuthenticationOptions>(
  'clientSecret',
  'privateKey',
  'algorithm',
  'keyId',
  'clientAuthentication',
)

/** Reads the client authentication options of a profile, or throws and names the wrong one. */
export function chooseClientAuthentication(
  where: string,
  options: ClientAuthenticationOptions,
  secretMethod: 'client_secret_basic' | 'client_secret_post',
): ClientAuthentication {
  const { clientSecret, privateKey, clientAuthentication, algorithm, keyId } = options
  if ([clientSecret, privateKey, clientAuthentication].filter((given) => given !== undefined).length > 1) {
    throw new ConfigurationError(where, 'give one of clientSecret, privateKey and clientAuthentication, not several')
  }
  if (privateKey === undefined && (algorithm ?? keyId) !== undefined) {
    throw new ConfigurationError(
      `${where}.${algorithm === undefined ? 'keyId' : 'algorithm'}`,
      'belongs to privateKey, which is missing',
    )
  }
  if (clientAuthentication !== undefined) return checked(`${where}.clientAuthentication`, clientAuthentication)
  if (clientSecret !== undefined) return secret(`${where}.clientSecret`, secretMethod, clientSecret)
  if (privateKey !== undefined) return signed(where, { privateKey, algorithm, keyId })
  return { method: 'none' }
}

function checked(where: string, given: ClientAuthentication): ClientAuthentication {
  switch (given?.method) {
    case 'client_secret_basic':
    case 'client_secret_post':
      refuseUnknownKeys(where, given, ['method', 'clientSecret'])
      return secret(`${where}.clientSecret`, given.method, given.clientSecret)
    case 'private_key_jwt':
      refuseUnknownKeys(where, given, ['method', ...signedKeys])
      return signed(where, given)
    case 'tls_client_auth':
    case 'self_signed_tls_client_auth':
    case 'none':
      refuseUnknownKeys(where, given, ['method'])
      return { method: given.method }
    default:
      throw new ConfigurationError(
        `${where}.method`,
        'give one of client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, self_signed_tls_client_auth or none',
      )
  }
}

function secret(
  option: string,
  method: 'client_secret_basic' | 'client_secret_post',
  clientSecret: string,
): ClientAuthentication {
  const value = requireText(option, clientSecret)
  // Not enumerable: a profile that is logged or serialised does not show it.
  return Object.defineProperty({ method }, 'clientSecret', { value }) as ClientAuthentication
}

type Signed = Omit<Extract<ClientAuthentication, { readonly method: 'private_key_jwt' }>, 'method'>
type GivenKey = { readonly [Key in keyof Signed]?: Signed[Key] | undefined }
const signedKeys = namesOf<Signed>('privateKey', 'algorithm', 'keyId', 'certificateThumbprint', 'audience')

function signed(where: string, given: GivenKey): ClientAuthentication {
  const { certificateThumbprint, audience } = given
  if (certificateThumbprint !== undefined && !/^[\w-]{43}$/.test(certificateThumbprint)) {
    throw new ConfigurationError(
      `${where}.certificateThumbprint`,
      'give the SHA-256 hash of the DER certificate in base64url: 43 characters',
    )
  }
  if (audience !== undefined && audience !== 'issuer' && audience !== 'endpoint') {
    throw new ConfigurationError(`${where}.audience`, "give 'issuer' or 'endpoint'")
  }
  const key = signingKey(where, given)
  return defined({ method: 'private_key_jwt' as const, ...key, certificateThumbprint, audience })
}

/**
 * Returns a key with its signature algorithm. @throws ConfigurationError The value is not such a key, or the key has
 * another algorithm.
 */
export function signingKey(where: string, given: GivenKey) {
  const { privateKey, keyId } = given
  if (privateKey?.type !== 'private' || !privateKey.usages.includes('sign')) {
    throw new ConfigurationError(`${where}.privateKey`, "give a private CryptoKey for 'sign', as by jose.importPKCS8")
  }
  const fitting = algorithmsOf(privateKey)
  const algorithm = given.algorithm ?? fitting[0]
  if (algorithm === undefined || !fitting.includes(algorithm)) {
    throw new ConfigurationError(
      `${where}.algorithm`,
      `does not fit the key, which signs ${fitting.join(' or ') || 'nothing known: RSA needs 2048 bits'}`,
    )
  }
  if (keyId !== undefined) requireText(`${where}.keyId`, keyId)
  return defined({ privateKey, algorithm, keyId })
}

const curves: Readonly<Record<string, string>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' }

/** The JWS algorithms that a key can sign with, the most common name first. */
export function algorithmsOf(key: CryptoKey): readonly string[] {
  const { name, hash, namedCurve, modulusLength } = key.algorithm as Partial<RsaHashedKeyAlgorithm & EcKeyAlgorithm>
  if (modulusLength !== undefined && modulusLength < 2048) return []
  const bits = hash?.name.replace('SHA-', '')
  if (name === 'RSASSA-PKCS1-v1_5') return [`RS${bits}`]
  if (name === 'RSA-PSS') return [`PS${bits}`]
  if (name === 'ECDSA') return [curves[namedCurve ?? ''] ?? []].flat()
  // RFC 9864 renamed it; most servers still know the older name only.
  if (name === 'Ed25519') return ['EdDSA', 'Ed25519']
  return []
}
