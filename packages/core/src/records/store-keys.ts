import { ConfigurationError } from '../base/errors/index.ts'
import type { Store } from '../base/ports.ts'
import { type KeyedHash, keyedHash } from '../base/values/digest.ts'
import { refuseUnknownKeys } from '../base/values/options.ts'
import { classifiedStore } from './outages.ts'
import { createSealer, type KeyMaterial, keyBytes, type Sealer } from './seal.ts'

/** Keys for the records of a store. 32 random bytes each, raw or in base64url. */
export interface StoreKeys {
  /** The first seals; all of them open, so that keys rotate without downtime. */
  readonly seal: readonly [current: KeyMaterial, ...old: KeyMaterial[]]
  /** Key that hashes keys and index names. After a change, stored records cannot be found. */
  readonly index: KeyMaterial
}

/** Parts that a component needs to store records. */
export interface OpenedStore {
  /** The store, with classified errors. */
  readonly store: Store
  readonly sealer: Sealer
  readonly hash: KeyedHash
}

/**
 * Memory stores with random keys, the same for all components that open one store. A memory store ends with its process,
 * so its keys may end with it.
 */
const withOwnKeys = new WeakMap<Store, OpenedStore>()

/** The index key of the app that a store was opened with first. */
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
  const where = owner === undefined ? '' : `${owner}.`
  if (store?.specificationVersion !== 2) {
    throw new ConfigurationError(`${where}store`, 'give a Store of specification version 2, such as memoryStore()')
  }
  if (given === undefined && store.durable) {
    throw new ConfigurationError(
      `${where}keys`,
      'a durable store needs { seal: [current, …old], index }: 32 random bytes each',
    )
  }
  // Uses one object for a store and its wrapper, or a memory store would have two sets of keys.
  const opened = classifiedStore(store)
  refuseMixture(opened, given, `${where}keys`)
  if (given === undefined) {
    const own = withOwnKeys.get(opened) ?? { store: opened, sealer: createSealer(), hash: keyedHash() }
    withOwnKeys.set(opened, own)
    return own
  }
  refuseUnknownKeys(`${where}keys`, given, ['seal', 'index'])
  if (!(Array.isArray(given.seal) && given.seal.length > 0)) {
    throw new ConfigurationError(`${where}keys.seal`, 'give a list of keys, the current one first')
  }
  const seal = given.seal.map((material, index) => keyBytes(`${where}keys.seal[${index}]`, material))
  const index = keyBytes(`${where}keys.index`, given.index)
  refuseOtherIndex(opened, index, `${where}keys.index`)
  return { store: opened, sealer: createSealer(seal), hash: keyedHash(index) }
}

/**
 * Refuses a store that one component uses with keys and another without: one record would have two names, and an action
 * that must run once would run twice.
 */
function refuseMixture(store: Store, given: StoreKeys | undefined, option: string): void {
  if (store.durable) return
  if (given === undefined ? indexKeys.has(store) : withOwnKeys.has(store)) {
    const other = given === undefined ? 'with' : 'without'
    throw new ConfigurationError(
      option,
      `another part opened this memory store ${other} \`keys\`: give both the same keys, or none`,
    )
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
