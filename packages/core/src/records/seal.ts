import * as base64url from 'jose/base64url'
import { ConfigurationError, StoreError } from '../base/errors/index.ts'
import { once } from '../base/process/async.ts'
import { keyedHash, randomKey } from '../base/values/digest.ts'

/** 32 bytes, raw or in base64url. */
export type KeyMaterial = Uint8Array | string

/** Seals values for a store, and opens them. */
export interface Sealer {
  /** @param context - The record's key: a value moved to another key does not open. */
  seal(context: string, plaintext: Uint8Array): Promise<Uint8Array>
  /** @throws StoreError `corrupt`, `moved` or `wrong_key`. */
  open(context: string, sealed: Uint8Array): Promise<Uint8Array>
  /** Returns whether the current key sealed it. */
  isCurrent(sealed: Uint8Array): Promise<boolean>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** Loaded with the first record: a process without records, or at its start, does not wait for encryption. */
const encryption = once(async () => ({
  ...(await import('jose/jwe/compact/encrypt')),
  ...(await import('jose/jwe/compact/decrypt')),
  ...(await import('jose/decode/protected_header')),
}))

/** Reads key material, or throws and names the wrong option. */
export function keyBytes(option: string, material: unknown): Uint8Array {
  let bytes: Uint8Array | undefined
  // A copy: keys are used late, and their owner may wipe these bytes, or use a buffer again.
  if (material instanceof Uint8Array) bytes = Uint8Array.from(material)
  if (typeof material === 'string') {
    try {
      bytes = base64url.decode(material)
    } catch {
      // Named below, without the material.
    }
  }
  if (bytes?.length !== 32) {
    throw new ConfigurationError(
      option,
      `has ${bytes?.length ?? 'no'} bytes; give 32 random ones, as Uint8Array or base64url (node -p "crypto.randomBytes(32).toString('base64url')")`,
    )
  }
  return bytes
}

/**
 * Makes a sealer. The first key seals, and all keys open, so that keys rotate without downtime.
 * @param keys - Default: a random one, drawn with the first record.
 */
export function createSealer(keys?: readonly Uint8Array[]): Sealer {
  const named = once(() => Promise.all((keys ?? [randomKey()]).map(withId)))
  return {
    async seal(context, plaintext) {
      const [current] = await named()
      if (current === undefined) throw new ConfigurationError('keys.seal', 'give at least one key')
      const { CompactEncrypt } = await encryption()
      const jwe = await new CompactEncrypt(plaintext)
        // RFC 7516 §5.1: the protected header is authenticated, so the context cannot be exchanged.
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: current.kid, ctx: context })
        .encrypt(current.key)
      return encoder.encode(jwe)
    },
    async open(context, sealed) {
      const { decodeProtectedHeader } = await encryption()
      let jwe: string
      let kid: unknown
      try {
        jwe = decoder.decode(sealed)
        kid = decodeProtectedHeader(jwe).kid
      } catch (cause) {
        throw new StoreError('corrupt', 'a stored record is not a sealed value', { cause })
      }
      const match = (await named()).find((candidate) => candidate.kid === kid)
      if (match === undefined) {
        throw new StoreError('wrong_key', 'a stored record was sealed under a key that is not in keys.seal')
      }
      return decrypt(jwe, match.key, context)
    },
    async isCurrent(sealed) {
      const { decodeProtectedHeader } = await encryption()
      try {
        return decodeProtectedHeader(decoder.decode(sealed)).kid === (await named())[0]?.kid
      } catch {
        return false
      }
    },
  }
}

/** Adds an id that needs no book-keeping: derived from the key, and telling nothing about it. */
async function withId(key: Uint8Array) {
  return { key, kid: (await keyedHash(key)('behalf/seal/kid')).slice(0, 16) }
}

async function decrypt(jwe: string, key: Uint8Array, context: string): Promise<Uint8Array> {
  const { compactDecrypt } = await encryption()
  const opened = await compactDecrypt(jwe, key, {
    keyManagementAlgorithms: ['dir'],
    contentEncryptionAlgorithms: ['A256GCM'],
  }).catch((cause: unknown) => {
    throw new StoreError('corrupt', 'a stored record does not open: it was changed', { cause })
  })
  if (opened.protectedHeader.ctx !== context) {
    throw new StoreError('moved', 'a stored record was moved from another key')
  }
  return opened.plaintext
}
