import { Buffer } from 'node:buffer'
import { ConfigurationError } from '@behalf/core'
import { StoreError } from '@behalf/core/spi'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Returns a key or a name as bytes, so that every store sorts it by code points.
 *
 * Refuses a lone surrogate, which has no bytes of its own: two names could become one.
 */
export function nameBytes(what: string, name: string): Buffer {
  if (!name.isWellFormed()) throw new ConfigurationError(what, 'must be well-formed Unicode')
  return Buffer.from(name, 'utf8')
}

/** Reads a name from its stored bytes. @throws StoreError `corrupt`. */
export function nameFrom(stored: unknown): string {
  if (!(stored instanceof Uint8Array)) throw new StoreError('corrupt', 'a stored key is not text')
  try {
    return decoder.decode(stored)
  } catch (cause) {
    throw new StoreError('corrupt', 'a stored key is not text', { cause })
  }
}

/** Copies bytes to a plain array: a driver's own buffer may change, or share memory with another response. */
export function plainBytes(stored: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength))
}
