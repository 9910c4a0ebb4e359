export { type Eventually, inspect, once, orAborted, pause, SingleFlight, whenKnown } from './async.ts'
export { discardBody, readBounded } from './bodies.ts'
export { isOutage } from './classified-store.ts'
export { Collection, isUnreadable } from './collection.ts'
export type { Name, OnUnreadable, Resealed, Stored, Unreadable, WalkOptions } from './collection-options.ts'
export { equalSecrets, type KeyedHash, keyedHash, randomSecret, sha256 } from './digest.ts'
export { Lease } from './lease.ts'
export { aClock, checkOptions, checkValues, having, kinds, needed, oneOf, shown, upTo } from './option-values.ts'
export { copyOf, defined, namesOf, refuseUnknownKeys, requireText, requireTexts } from './options.ts'
export { isLoopback, originList } from './origins.ts'
export { untilWritten, whileUnavailable } from './patience.ts'
export {
  canonicalJson,
  deepFreeze,
  equalJson,
  meansSame,
  missingIn,
  parsedJson,
  type Snapshot,
  snapshot,
} from './plain-json.ts'
export { isCompactJwt, publicKeyProblem } from './public-key.ts'
export { type Scope, shared } from './registry.ts'
export { isScopeToken, scopeList } from './scopes.ts'
export { createSealer, type KeyMaterial, keyBytes, type Sealer } from './seal.ts'
export { isSpecialUse, namesSpecialUse } from './special-use.ts'
export { type OpenedStore, openStoreKeys, type StoreKeys } from './store-keys.ts'
