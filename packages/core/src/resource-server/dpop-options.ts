import { ConfigurationError } from '../base/errors/index.ts'
import type { Clock, Store } from '../base/ports.ts'
import { refuseUnknownKeys } from '../base/values/index.ts'
import { checkAlgorithms } from '../oauth/profiles/check-profile.ts'
import { type KeyMaterial, keyBytes } from '../records/index.ts'
import { type ProofNonces, proofNonces } from './proof-nonces.ts'

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
