import type { CryptoKey, JWK } from 'jose'
import { ConfigurationError } from '../../base/errors/index.ts'
import { type Clock, systemClock } from '../../base/ports.ts'
import { defined, namesOf, publicKeyProblem, refuseUnknownKeys, sha256 } from '../../base/values/index.ts'
import type { ProofKey, ProofRequest } from '../../credential/proof-key.ts'
import { revealToken } from '../../credential/token.ts'
import { isAsymmetric } from '../profiles/check-profile.ts'
import { withoutSecrets } from '../requests/bounded-request.ts'
import { algorithmsOf } from './client-authentication-options.ts'

/** A key that proves possession of the tokens bound to it. Only this file makes it. */
export type DpopKey = ProofKey

/** Options for the proofs of a DPoP key. */
export interface DpopKeyOptions {
  /** JWS algorithm of the proofs: asymmetric. @default the algorithm that the key is made for; ES256 for a new key */
  readonly algorithm?: string | undefined
  /** @default the system's clock */
  readonly clock?: Clock | undefined
}

/** Maximum RSA modulus that this SDK's API side accepts in a proof, in bits. */
const MAX_MODULUS_BITS = 4096

const optionKeys = namesOf<DpopKeyOptions>('algorithm', 'clock')

/** A private key and its public half, as `crypto.subtle.generateKey` gives them. */
export interface DpopKeyPair {
  /** Private key that signs the proofs. Secret. */
  readonly privateKey: CryptoKey
  /** Public key, which the proofs carry. */
  readonly publicKey: CryptoKey
}

/**
 * Makes a new key for DPoP. The key exists only in this process and cannot be exported.
 *
 * Tokens that are bound to it become useless when the process ends. For tokens that are stored, or shared by several
 * processes, give your own key to {@link importDpopKey}.
 *
 * @throws ConfigurationError The algorithm is not asymmetric, or not known here.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-4 | RFC 9449 §4}
 */
export async function generateDpopKey(options: DpopKeyOptions = {}): Promise<DpopKey> {
  refuseUnknownKeys('generateDpopKey', options, optionKeys)
  const { clock } = options
  const algorithm = checkAlgorithm('generateDpopKey', options.algorithm ?? 'ES256')
  const { generateKeyPair } = await import('jose/key/generate/keypair')
  const pair = await generateKeyPair(algorithm).catch((error: unknown) => {
    throw new ConfigurationError('generateDpopKey.algorithm', 'is not supported here', { cause: withoutSecrets(error) })
  })
  return proofKey(pair, algorithm, false, clock)
}

/**
 * Imports the app's own key for DPoP: a pair of CryptoKeys, or a private JWK.
 *
 * Several processes that import the same key can use each other's tokens.
 *
 * @throws ConfigurationError The key is not private, its halves do not belong together, or it is made for another
 *   algorithm.
 */
export async function importDpopKey(key: DpopKeyPair | JWK, options: DpopKeyOptions = {}): Promise<DpopKey> {
  refuseUnknownKeys('importDpopKey', options, optionKeys)
  const { algorithm: asked, clock } = options
  const pair = isPair(key) ? { ...key } : await pairOf({ ...key }, asked)
  const fitting = algorithmsOf(pair.privateKey)
  const algorithm = checkAlgorithm('importDpopKey', asked ?? fitting[0] ?? '')
  if (!fitting.includes(algorithm)) {
    throw new ConfigurationError('importDpopKey.algorithm', `does not fit the key, which signs ${fitting.join(' or ')}`)
  }
  const made = await proofKey(pair, algorithm, true, clock)
  await refuseStrangers(pair, algorithm, made)
  return made
}

function isPair(key: DpopKeyPair | JWK): key is DpopKeyPair {
  if (typeof key !== 'object' || key === null) {
    throw new ConfigurationError('importDpopKey', 'give a pair of CryptoKeys or a private JWK')
  }
  return 'privateKey' in key
}

async function pairOf(jwk: JWK, algorithm: string | undefined): Promise<DpopKeyPair> {
  if (typeof jwk.d !== 'string') throw new ConfigurationError('importDpopKey', 'the JWK is not a private key')
  const { importJWK } = await import('jose/key/import')
  const alg = algorithm ?? jwk.alg ?? (jwk.kty === 'EC' ? curves[jwk.crv ?? ''] : jwk.kty === 'OKP' ? 'EdDSA' : 'RS256')
  // The usages of the export do not limit the use of the key here.
  const { key_ops: _operations, ext: _extractable, use: _use, ...privateJwk } = jwk
  try {
    return {
      privateKey: (await importJWK(privateJwk, alg)) as CryptoKey,
      publicKey: (await importJWK(publicMembers(jwk), alg, { extractable: true })) as CryptoKey,
    }
  } catch (error) {
    // The library's own words may hold a part of the key.
    const cause = error instanceof Error ? new Error(error.name) : undefined
    throw new ConfigurationError('importDpopKey', 'the JWK cannot be used to sign', { cause })
  }
}

/** RFC 9449 §4.2: the proof contains only the public members of the key. */
function publicMembers({ kty, crv, x, y, n, e }: JWK): JWK {
  return defined({ kty, crv, x, y, n, e })
}

const curves: Readonly<Record<string, string>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' }

function checkAlgorithm(where: string, algorithm: string): string {
  if (isAsymmetric(algorithm)) return algorithm
  throw new ConfigurationError(`${where}.algorithm`, 'give an asymmetric signature algorithm, such as ES256')
}

async function proofKey(
  { privateKey, publicKey }: DpopKeyPair,
  algorithm: string,
  importable: boolean,
  clock: Clock = systemClock,
): Promise<DpopKey> {
  if (privateKey?.type !== 'private' || !privateKey.usages.includes('sign')) {
    throw new ConfigurationError('importDpopKey', "give a private CryptoKey with the usage 'sign'")
  }
  if (publicKey?.type !== 'public' || !publicKey.extractable) {
    throw new ConfigurationError('importDpopKey', 'give the public key too, extractable: each proof shows it')
  }
  const { exportJWK } = await import('jose/key/export')
  const { calculateJwkThumbprint } = await import('jose/jwk/thumbprint')
  const { SignJWT } = await import('jose/jwt/sign')
  const jwk = publicMembers(await exportJWK(publicKey))
  const problem = publicKeyProblem(jwk, MAX_MODULUS_BITS)
  if (problem !== undefined) throw new ConfigurationError('importDpopKey', `give another key: ${problem}`)
  return Object.freeze({
    algorithm,
    thumbprint: await calculateJwkThumbprint(jwk, 'sha256'),
    importable,
    async proof({ method, url, accessToken, nonce }: ProofRequest): Promise<string> {
      return new SignJWT({
        jti: crypto.randomUUID(),
        htm: method,
        htu: withoutQuery(url),
        iat: Math.floor(clock.now() / 1000),
        ...(accessToken !== undefined && { ath: await sha256(revealToken(accessToken)) }),
        ...(nonce !== undefined && { nonce }),
      })
        .setProtectedHeader({ typ: 'dpop+jwt', alg: algorithm, jwk })
        .sign(privateKey)
    },
  })
}

/** RFC 9449 §4.2: `htu` has neither query nor fragment. */
function withoutQuery(address: string): string {
  const url = new URL(address)
  url.search = ''
  url.hash = ''
  return url.href
}

/** Refuses a pair whose halves do not belong together. Otherwise only the first request would fail. */
async function refuseStrangers({ publicKey }: DpopKeyPair, algorithm: string, made: DpopKey): Promise<void> {
  const { jwtVerify } = await import('jose/jwt/verify')
  const probe = await made.proof({ method: 'GET', url: 'https://probe.invalid/' })
  await jwtVerify(probe, publicKey, { algorithms: [algorithm] }).catch(() => {
    throw new ConfigurationError('importDpopKey', 'the public key does not belong to the private one')
  })
}
