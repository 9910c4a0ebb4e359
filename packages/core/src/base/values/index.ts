export { discardBody, readBounded } from './bodies.ts'
export { equalSecrets, type KeyedHash, keyedHash, randomSecret, sha256 } from './digest.ts'
export { aClock, checkOptions, checkValues, having, kinds, needed, oneOf, shown, upTo } from './option-values.ts'
export { copyOf, defined, namesOf, refuseUnknownKeys, requireText, requireTexts } from './options.ts'
export { isLoopback, originList } from './origins.ts'
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
export { isScopeToken, scopeList } from './scopes.ts'
export { isSpecialUse, namesSpecialUse } from './special-use.ts'
