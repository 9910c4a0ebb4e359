import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

/** The key that a mocked server signs with, made when the server is made. */
export interface SigningKey {
  readonly algorithm: 'RS256' | 'ES256'
  /** Public key with `kid`, `alg` and `use`, as in the JWKS. */
  readonly publicKey: JWK
  /** Signs claims under the given `typ`. */
  sign(claims: JWTPayload, type: string): Promise<string>
}

/** Makes a key pair whose private half never leaves the returned object. */
export async function generateSigningKey(algorithm: 'RS256' | 'ES256'): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm)
  const kid = crypto.randomUUID()
  return {
    algorithm,
    publicKey: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' },
    sign: (claims, type) => new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid, typ: type }).sign(privateKey),
  }
}
