import type { Clock } from '../base/ports.ts'
import { equalSecrets, keyedHash } from '../base/values/index.ts'

/** Nonces that need no memory: the time at which they were made, and a keyed hash of it. */
export interface ProofNonces {
  issue(): Promise<string>
  /** Returns whether the nonce was made with our key, and is recent enough. */
  isValid(nonce: string): Promise<boolean>
  /** Returns whether half of a valid nonce's time is over: then its client should get the next nonce. */
  isAging(nonce: string): boolean
}

const pattern = /^([0-9a-z]{1,10})\.([\w-]{43})$/

/**
 * Makes nonces that every process with the same key takes.
 *
 * @param secret - 32 bytes.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-9 | RFC 9449 §9}
 */
export function proofNonces(secret: Uint8Array, lifetimeSeconds: number, clock: Clock): ProofNonces {
  const hash = keyedHash(secret)
  const seal = async (time: string) => `${time}.${await hash(`behalf/dpop-nonce/${time}`)}`
  const ageOf = (time: string) => clock.now() / 1000 - Number.parseInt(time, 36)
  return {
    issue: () => seal(Math.floor(clock.now() / 1000).toString(36)),
    async isValid(nonce) {
      const time = pattern.exec(nonce)?.[1]
      if (time === undefined || !(await equalSecrets(nonce, await seal(time)))) return false
      // Another process's clock may be a little ahead.
      return ageOf(time) <= lifetimeSeconds && ageOf(time) >= -30
    },
    isAging: (nonce) => ageOf(nonce.split('.', 1)[0] ?? '') > lifetimeSeconds / 2,
  }
}
