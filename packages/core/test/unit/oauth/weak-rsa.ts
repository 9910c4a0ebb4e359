import { checkPrimeSync, createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { JWK } from 'jose'

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

const base64url = (number: bigint) => {
  const hex = number.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
}

/** Forges an RS256 JWT without the private key: if e is 1, the padded hash is its own signature. */
export function forgedByOne(header: object, claims: object, { n = '' }: JWK): string {
  const input = `${encoded(header)}.${encoded(claims)}`
  const digest = Buffer.concat([
    Buffer.from('3031300d060960864801650304020105000420', 'hex'),
    createHash('sha256').update(input).digest(),
  ])
  const size = Buffer.from(n, 'base64url').length
  const padding = Buffer.alloc(size - digest.length - 3, 0xff)
  const signature = Buffer.concat([Buffer.from([0, 1]), padding, Buffer.from([0]), digest])
  return `${input}.${signature.toString('base64url')}`
}

/** The public key of a new pair of so many bits. */
export function rsaJwk(modulusLength = 2048): JWK {
  return generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' }) as JWK
}

/** A pair with another public exponent, its private key for `node:crypto`. */
export function rsaPair(publicExponent: number, modulusLength = 2048) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent })
  return { jwk: publicKey.export({ format: 'jwk' }) as JWK, privateJwk: privateKey.export({ format: 'jwk' }) as JWK }
}

const PRIMES = [
  ...[3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107],
  ...[109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167],
].map(BigInt)

/** A prime as the flawed chips made it: k M + (65537^a mod M). */
function rocaPrime(bits: number): bigint {
  const product = PRIMES.reduce((all, prime) => all * prime, 1n)
  const width = BigInt(bits - product.toString(2).length)
  for (;;) {
    // The two highest bits are set, so that the product of two has its full length.
    const k = (3n << (width - 1n)) + (BigInt(`0x${randomBytes(bits / 8).toString('hex')}`) % (1n << (width - 1n)))
    let power = 1n
    for (let exponent = randomBytes(1)[0] ?? 0; exponent > 0; exponent--) power = (power * 65_537n) % product
    const candidate = k * product + power
    if (candidate % 2n === 1n && checkPrimeSync(candidate)) return candidate
  }
}

/** A modulus that the fingerprint knows. */
export const rocaJwk = (): JWK => ({ kty: 'RSA', n: base64url(rocaPrime(1024) * rocaPrime(1024)), e: 'AQAB' })
