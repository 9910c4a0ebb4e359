import { exportJWK, generateKeyPair, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose'

/** A key that a server signs with. */
export interface SigningKey {
  /** Signature algorithm of the tokens. */
  readonly algorithm: 'RS256' | 'ES256'
  /** Public key with `kid`, `alg` and `use`, as in the JWKS. */
  readonly publicKey: JWK
  /** Signs claims under the given `typ`. */
  sign(claims: JWTPayload, type: string): Promise<string>
}

/** Makes a key pair with `kid`, `alg` and `use`, its private members included. */
export async function makePrivateKey(algorithm: 'RS256' | 'ES256'): Promise<JWK> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), alg: algorithm, use: 'sig' }
}

/** Returns the key to sign with. Its public half has no private member. */
export async function signingKeyOf(jwk: JWK): Promise<SigningKey> {
  const algorithm = jwk.alg as SigningKey['algorithm']
  const { d, p, q, dp, dq, qi, ...publicKey } = jwk
  const privateKey = await importJWK(jwk, algorithm)
  const header = { alg: algorithm, kid: jwk.kid as string }
  return {
    algorithm,
    publicKey,
    sign: (claims, typ) => new SignJWT(claims).setProtectedHeader({ ...header, typ }).sign(privateKey),
  }
}
