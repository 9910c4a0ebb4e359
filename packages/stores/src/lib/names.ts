import { Buffer } from 'node:buffer'
import { ConfigurationError } from '@behalf/core'
import { StoreError } from '@behalf/core/spi'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A key or a name as bytes, so that its order is the same in every store: that of its code points.
 *
 * A lone surrogate has no bytes of its own. Two names would become one, so it is refused.
 */
export function nameBytes(what: string, name: string): Buffer {
  if (!name.isWellFormed()) throw new ConfigurationError(what, 'must be well-formed Unicode')
  return Buffer.from(name, 'utf8')
}

/** @throws StoreError `corrupt`. */
export function nameFrom(stored: unknown): string {
  if (!(stored instanceof Uint8Array)) throw new StoreError('corrupt', 'a stored key is not text')
  try {
    return decoder.decode(stored)
  } catch (cause) {
    throw new StoreError('corrupt', 'a stored key is not text', { cause })
  }
}

/** A copy that is plain bytes: a driver's own kind of buffer may change, or share memory with another answer. */
export function plainBytes(stored: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength))
}
