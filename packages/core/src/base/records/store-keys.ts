import { ConfigurationError } from '../errors/index.ts'
import type { Store } from '../ports/index.ts'
import { type KeyedHash, keyedHash, randomKey } from '../values/digest.ts'
import { refuseUnknownKeys } from '../values/options.ts'
import { classifiedStore } from './classified-store.ts'
import { createSealer, type KeyMaterial, keyBytes, type Sealer } from './seal.ts'

/** Keys for the records of a store. 32 random bytes each, raw or in base64url. */
export interface StoreKeys {
  /** The first seals; all of them open, so that keys rotate without downtime. */
  readonly seal: readonly [current: KeyMaterial, ...old: KeyMaterial[]]
  /** Key that hashes keys and index names. After a change, stored records cannot be found. */
  readonly index: KeyMaterial
}

/**
 * Random keys of memory stores, the same for all components that open one store. A memory store ends with its process,
 * so its keys may end with it.
 */
const ownKeys = new WeakMap<Store, StoreKeys>()

/** Parts that a component needs to store records. */
export interface OpenedStore {
  /** The store, with classified errors. */
  readonly store: Store
  readonly sealer: Sealer
  readonly hash: KeyedHash
}

/** Memory stores that were opened with keys of the app. */
const withGivenKeys = new WeakSet<Store>()

/** The index key that a store was opened with first. */
const indexKeys = new WeakMap<Store, Uint8Array>()

/**
 * Returns the store to use, the key that seals its records, and the key that hashes their names.
 *
 * Only this function provides the keys of a store. Two components that open one store find the same records.
 *
 * @param owner - The function whose options are read. It begins the option names in errors.
 * @throws ConfigurationError The store is unknown, a durable store has no keys, a key is invalid, or one component
 *   gives keys for a memory store and another gives none, or two components give one store different index keys.
 */
export function openStoreKeys(store: Store, given: StoreKeys | undefined, owner?: string): OpenedStore {
  const option = (name: string) => (owner === undefined ? name : `${owner}.${name}`)
  if (store?.specificationVersion !== 2) {
    throw new ConfigurationError(option('store'), 'give a Store of specification version 2, such as memoryStore()')
  }
  if (given === undefined && store.durable) {
    throw new ConfigurationError(
      option('keys'),
      'a durable store needs { seal: [current, …old], index }: 32 random bytes each',
    )
  }
  // Uses one object for a store and its wrapper, or a memory store would have two sets of keys.
  const opened = classifiedStore(store)
  refuseMixture(opened, given, option('keys'))
  const keys = given ?? ownKeysOf(opened)
  refuseUnknownKeys(option('keys'), keys, ['seal', 'index'])
  if (!(Array.isArray(keys.seal) && keys.seal.length > 0)) {
    throw new ConfigurationError(option('keys.seal'), 'give a list of keys, the current one first')
  }
  const seal = keys.seal.map((material, index) => keyBytes(option(`keys.seal[${index}]`), material))
  const index = keyBytes(option('keys.index'), keys.index)
  refuseOtherIndex(opened, index, option('keys.index'))
  if (given !== undefined) withGivenKeys.add(opened)
  return { store: opened, sealer: createSealer(seal), hash: keyedHash(index) }
}

/**
 * Refuses a store that one component uses with keys and another without: one record would have two names, and an action
 * that must run once would run twice.
 */
function refuseMixture(store: Store, given: StoreKeys | undefined, option: string): void {
  if (store.durable) return
  if (given === undefined ? withGivenKeys.has(store) : ownKeys.has(store)) {
    const other = given === undefined ? 'was opened with `keys`' : 'was opened without `keys`'
    throw new ConfigurationError(option, `this memory store ${other} by another part: give both the same keys, or none`)
  }
}

/** Refuses different index keys for one store: a part with another key finds no revocation and no run of the others. */
function refuseOtherIndex(store: Store, index: Uint8Array, option: string): void {
  const known = indexKeys.get(store) ?? index
  indexKeys.set(store, known)
  if (known.every((byte, at) => byte === index[at])) return
  throw new ConfigurationError(
    option,
    'another part uses this store with another index key: give all parts the same `keys`',
  )
}

function ownKeysOf(store: Store): StoreKeys {
  const keys = ownKeys.get(store) ?? { seal: [randomKey()], index: randomKey() }
  ownKeys.set(store, keys)
  return keys
}
