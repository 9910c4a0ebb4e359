import { ConfigurationError } from '../errors/index.ts'
import type { Store } from '../ports/index.ts'
import { type KeyedHash, keyedHash } from './digest.ts'
import { refuseUnknownKeys } from './options.ts'
import { createSealer, type KeyMaterial, keyBytes, type Sealer } from './seal.ts'

/** Keys for what a store keeps. 32 random bytes each, as bytes or base64url. */
export interface StoreKeys {
  /** The first seals; all of them open, so that keys rotate without downtime. */
  readonly seal: readonly [current: KeyMaterial, ...old: KeyMaterial[]]
  /** Hashes keys and index names. Changing it makes what is stored unfindable. */
  readonly index: KeyMaterial
}

/** A memory store dies with its process, and so may its keys: random ones, the same for all who open this store. */
const ownKeys = new WeakMap<Store, StoreKeys>()

/**
 * What seals the records of a store, and hashes their names.
 *
 * @throws ConfigurationError A durable store without keys, or keys that are none.
 */
export function openStoreKeys(
  store: Store,
  given: StoreKeys | undefined,
): { readonly sealer: Sealer; readonly hash: KeyedHash } {
  if (store?.specificationVersion !== 1)
    throw new ConfigurationError('store', 'has a specification version that is not known')
  if (given === undefined && store.durable) {
    throw new ConfigurationError('keys', 'a durable store needs { seal: [current, …old], index }: 32 random bytes each')
  }
  const keys = given ?? ownKeysOf(store)
  refuseUnknownKeys('keys', keys, ['seal', 'index'])
  if (!(Array.isArray(keys.seal) && keys.seal.length > 0)) {
    throw new ConfigurationError('keys.seal', 'give a list of keys, the current one first')
  }
  const seal = keys.seal.map((material, index) => keyBytes(`keys.seal[${index}]`, material))
  return { sealer: createSealer(seal), hash: keyedHash(keyBytes('keys.index', keys.index)) }
}

function ownKeysOf(store: Store): StoreKeys {
  const keys = ownKeys.get(store) ?? { seal: [randomKey()], index: randomKey() }
  ownKeys.set(store, keys)
  return keys
}

const randomKey = (): Uint8Array => crypto.getRandomValues(new Uint8Array(32))
