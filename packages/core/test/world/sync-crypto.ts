import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  type KeyObject,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import type { Random } from './random.ts'

/**
 * Web Crypto, done at once: the runtime finishes its own operations on other threads, in an order that no seed decides.
 * Holds what core uses in this world, and refuses the rest by name.
 */
export class WorldKey {
  readonly [Symbol.toStringTag] = 'CryptoKey'
  readonly type: 'secret' | 'public'
  readonly extractable = false
  readonly algorithm: { readonly name: string; readonly length?: number; readonly hash?: { readonly name: string } }
  readonly usages: readonly string[]
  readonly material: Buffer | KeyObject

  constructor(
    type: 'secret' | 'public',
    algorithm: WorldKey['algorithm'],
    usages: readonly string[],
    material: Buffer | KeyObject,
  ) {
    this.type = type
    this.algorithm = algorithm
    this.usages = usages
    this.material = material
  }
}

type Named = string | { readonly name: string; readonly hash?: string | { readonly name: string } }

interface GcmParameters {
  readonly name: string
  readonly iv: Uint8Array
  readonly additionalData?: Uint8Array
}

const nameOf = (algorithm: Named): string => (typeof algorithm === 'string' ? algorithm : algorithm.name)
const digestName = (hash: string): string => hash.toLowerCase().replace('-', '')
const bytes = (data: ArrayBuffer | Uint8Array): Buffer =>
  data instanceof Uint8Array ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data)
/** Of its own memory: a Buffer may be a part of a pool that others read too. */
const given = (data: Buffer): ArrayBuffer => new Uint8Array(data).buffer

/** The `crypto` of one simulated process. */
export function syncCrypto(random: Random) {
  const getRandomValues = <T extends Uint8Array>(into: T): T => {
    for (let at = 0; at < into.length; at++) into[at] = random.below(256)
    return into
  }
  return {
    subtle,
    getRandomValues,
    randomUUID: () => {
      const hex = Buffer.from(getRandomValues(new Uint8Array(16))).toString('hex')
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
    },
  }
}

const subtle = {
  async digest(algorithm: Named, data: Uint8Array) {
    return given(
      createHash(digestName(nameOf(algorithm)))
        .update(bytes(data))
        .digest(),
    )
  },

  async importKey(format: string, data: unknown, algorithm: Named, _: boolean, usages: readonly string[]) {
    const name = nameOf(algorithm)
    if (format === 'raw') {
      const hash = typeof algorithm === 'string' ? undefined : algorithm.hash
      const material = Buffer.from(bytes(data as Uint8Array))
      const named = { name, length: material.length * 8, ...(hash !== undefined && { hash: { name: nameOf(hash) } }) }
      return new WorldKey('secret', named, usages, material)
    }
    if (format !== 'jwk' || name !== 'Ed25519') throw new Error(`the world imports no ${name} key as ${format}`)
    return new WorldKey('public', { name }, usages, createPublicKey({ key: data as never, format: 'jwk' }))
  },

  async sign(algorithm: Named, key: WorldKey, data: Uint8Array) {
    if (nameOf(algorithm) !== 'HMAC') throw new Error(`the world signs nothing with ${nameOf(algorithm)}`)
    return given(hmac(key, data))
  },

  async verify(algorithm: Named, key: WorldKey, signature: Uint8Array, data: Uint8Array) {
    if (nameOf(algorithm) === 'HMAC') return timingSafeEqual(hmac(key, data), bytes(signature))
    return verify(null, bytes(data), key.material as KeyObject, bytes(signature))
  },

  async encrypt({ iv, additionalData = new Uint8Array() }: GcmParameters, key: WorldKey, data: Uint8Array) {
    const cipher = createCipheriv('aes-256-gcm', key.material as Buffer, iv)
    cipher.setAAD(additionalData)
    return given(Buffer.concat([cipher.update(bytes(data)), cipher.final(), cipher.getAuthTag()]))
  },

  async decrypt({ iv, additionalData = new Uint8Array() }: GcmParameters, key: WorldKey, data: Uint8Array) {
    const sealed = bytes(data)
    const decipher = createDecipheriv('aes-256-gcm', key.material as Buffer, iv)
    decipher.setAAD(additionalData)
    decipher.setAuthTag(sealed.subarray(-16))
    return given(Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]))
  },
}

function hmac(key: WorldKey, data: Uint8Array): Buffer {
  return createHmac(digestName(key.algorithm.hash?.name ?? ''), key.material as Buffer)
    .update(bytes(data))
    .digest()
}
