type Jwk = Readonly<Record<string, unknown>>

/** Members of a private or symmetric key (RFC 7518 §6, RFC 9964 §3). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

const MIN_MODULUS_BITS = 2048
const MIN_EXPONENT = 65_537n
const MAX_EXPONENT = 2n ** 32n

/** The odd primes up to 167. Keys that a flawed chip library made: their modulus is a power of 65537 by each of these. */
const ROCA_PRIMES = Array.from({ length: 83 }, (_, at) => 2 * at + 3).filter((odd) =>
  [3, 5, 7, 11].every((prime) => odd === prime || odd % prime > 0),
)
const ROCA_PRODUCT = ROCA_PRIMES.reduce((product, prime) => product * BigInt(prime), 1n)

/** The prime of Curve25519. */
const ED25519_PRIME = 2n ** 255n - 19n

/**
 * Returns the reason why signatures under a public key prove nothing, or `undefined` if there is no such reason.
 *
 * Refuses keys that are not public, RSA keys under which others can sign or that take long to verify, and Ed25519
 * points of small order. The JWT library checks whether a key can be used at all.
 *
 * @see {@link https://crocs.fi.muni.cz/public/papers/rsa_ccs17 | The return of Coppersmith's attack (ROCA)}
 */
export function publicKeyProblem(jwk: unknown, maxModulusBits: number): string | undefined {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return 'it is not a JWK'
  const key = jwk as Jwk
  if (SECRET_MEMBERS.some((member) => Object.hasOwn(key, member))) return 'it is not a public key'
  if (key.kty === 'RSA') return rsaProblem(key, maxModulusBits)
  return key.kty === 'OKP' && key.crv === 'Ed25519' ? pointProblem(key) : undefined
}

function rsaProblem({ n, e }: Jwk, maxModulusBits: number): string | undefined {
  // Checked before a byte is decoded: four characters are three bytes.
  if (typeof n === 'string' && n.length > maxModulusBits / 6 + 4)
    return `its modulus has more than ${maxModulusBits} bits`
  const modulus = numberOf(n)
  const exponent = numberOf(e)
  if (modulus === undefined || exponent === undefined) return 'its modulus or exponent is not base64url'
  const bits = modulus.toString(2).length
  if (bits < MIN_MODULUS_BITS) return `its modulus has ${bits} bits, fewer than ${MIN_MODULUS_BITS}`
  if (bits > maxModulusBits) return `its modulus has ${bits} bits, more than ${maxModulusBits}`
  if (exponent < MIN_EXPONENT || exponent > MAX_EXPONENT || exponent % 2n === 0n) {
    return `its public exponent is not an odd number from ${MIN_EXPONENT} to ${MAX_EXPONENT}`
  }
  return hasSmallFactor(modulus) || isRoca(modulus) ? 'its private key can be calculated from it' : undefined
}

const hasSmallFactor = (modulus: bigint): boolean =>
  modulus % 2n === 0n || ROCA_PRIMES.some((prime) => modulus % BigInt(prime) === 0n)

/** Returns whether a modulus is of the vulnerable kind. A safe modulus is mistaken for one once in 240 million. */
function isRoca(modulus: bigint): boolean {
  const rest = modulus % ROCA_PRODUCT
  return ROCA_PRIMES.every((prime) => powersOf65537(prime).has(Number(rest % BigInt(prime))))
}

function powersOf65537(prime: number): ReadonlySet<number> {
  const powers = new Set<number>()
  for (let power = 1; !powers.has(power); power = (power * 65_537) % prime) powers.add(power)
  return powers
}

/** Returns the problem of a point of order 1, 2, 4 or 8: it has few multiples, so anyone can sign for it. */
function pointProblem({ x }: Jwk): string | undefined {
  const bytes = bytesOf(x)
  if (bytes?.length !== 32) return 'its point is not 32 bytes in base64url'
  const [last = 0] = bytes.slice(-1)
  const y = bigint([...bytes.slice(0, -1), last & 0x7f].reverse()) % ED25519_PRIME
  const square = (y * y) % ED25519_PRIME
  // Doubled, a point of order 8 has y = 0: so 121665 y⁴ - 243332 y² + 121666 is 0.
  const doubled = (121_665n * square * square - 243_332n * square + 121_666n) % ED25519_PRIME
  return square === 0n || square === 1n || doubled === 0n ? 'its point is of small order' : undefined
}

function numberOf(text: unknown): bigint | undefined {
  const bytes = bytesOf(text)
  return bytes === undefined || bytes.length === 0 ? undefined : bigint(bytes)
}

const bigint = (bytes: readonly number[]): bigint =>
  BigInt(`0x${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`)

/** Decodes base64url to a text with one character for each byte. */
export const latin1Of = (text: string): string => atob(text.replaceAll('-', '+').replaceAll('_', '/'))

function bytesOf(text: unknown): readonly number[] | undefined {
  if (typeof text !== 'string' || !/^[\w-]+$/.test(text) || text.length % 4 === 1) return undefined
  return Array.from(latin1Of(text), (byte) => byte.charCodeAt(0))
}

const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]*$/

/**
 * Returns whether text is a JWT in the compact form: three parts in base64url, without padding or white space, which
 * decoders tolerate. The signature may be empty: the verification refuses that.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7515#section-2 | RFC 7515 §2}
 */
export function isCompactJwt(text: string): boolean {
  return COMPACT.test(text) && text.split('.').every((part) => part.length % 4 !== 1)
}
