import { ConfigurationError } from '../base/errors/index.ts'
import type { Clock, Store } from '../base/ports.ts'
import { equalSecrets, keyedHash, refuseUnknownKeys } from '../base/values/index.ts'
import { checkAlgorithms } from '../oauth/profiles/check-profile.ts'
import { type KeyMaterial, keyBytes } from '../records/index.ts'

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
function proofNonces(secret: Uint8Array, lifetimeSeconds: number, clock: Clock): ProofNonces {
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

/** Rules for tokens that are bound to a key. */
export interface DpopOptions {
  /** Store of the used proofs, as hashes until the proofs expire. One store for all processes of the API. */
  readonly store: Store
  /** Tokens that are bound to no key are refused. @default false */
  readonly required?: boolean | undefined
  /** Accepted signature algorithms of proofs. @default ES256, EdDSA, Ed25519, PS256, RS256 */
  readonly algorithms?: readonly string[] | undefined
  /** Maximum age of a proof, in seconds. @default 60 */
  readonly windowSeconds?: number | undefined
  /** Ask for nonces of our own, so that a proof cannot have been made ahead of its time. @default none */
  readonly nonces?: { readonly secret: KeyMaterial; readonly lifetimeSeconds?: number | undefined } | undefined
}

/** The options, checked and filled in. */
export interface DpopRules {
  readonly store: Store
  readonly required: boolean
  readonly algorithms: readonly string[]
  readonly windowSeconds: number
  readonly nonces: ProofNonces | undefined
}

const defaultAlgorithms: readonly string[] = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256']
const DEFAULT_WINDOW_SECONDS = 60
const DEFAULT_NONCE_SECONDS = 300

export function dpopRules(option: string, options: DpopOptions, clock: Clock): DpopRules {
  refuseUnknownKeys(option, options, ['store', 'required', 'algorithms', 'windowSeconds', 'nonces'])
  const { store, required = false, nonces } = options
  if (store?.specificationVersion !== 2) {
    throw new ConfigurationError(`${option}.store`, 'give a Store, such as memoryStore() where the API is one process')
  }
  return {
    store,
    required,
    algorithms: checkAlgorithms(`${option}.algorithms`, options.algorithms ?? defaultAlgorithms),
    windowSeconds: seconds(`${option}.windowSeconds`, options.windowSeconds ?? DEFAULT_WINDOW_SECONDS),
    nonces: nonces && noncesOf(`${option}.nonces`, nonces, clock),
  }
}

function noncesOf(option: string, options: NonNullable<DpopOptions['nonces']>, clock: Clock): ProofNonces {
  refuseUnknownKeys(option, options, ['secret', 'lifetimeSeconds'])
  const lifetime = seconds(`${option}.lifetimeSeconds`, options.lifetimeSeconds ?? DEFAULT_NONCE_SECONDS)
  return proofNonces(keyBytes(`${option}.secret`, options.secret), lifetime, clock)
}

function seconds(option: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0 && value <= 3600) return value
  throw new ConfigurationError(option, 'give whole seconds between 1 and 3600')
}
