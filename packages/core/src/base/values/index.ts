export { discardBody, readBounded } from './bodies.ts'
export { equalSecrets, type KeyedHash, keyedHash, randomSecret, sha256 } from './digest.ts'
export {
  aClock,
  checkOptions,
  checkValues,
  copyOf,
  defined,
  having,
  kinds,
  namesOf,
  needed,
  oneOf,
  refuseUnknownKeys,
  requireBoolean,
  requireText,
  requireTexts,
  shown,
  shownTime,
  upTo,
} from './options.ts'
export { isLoopback, isSpecialUse, namesSpecialUse, originList } from './origins.ts'
export type * from './plain-json.ts'
export { canonicalJson, deepFreeze, equalJson, meansSame, missingIn, parsedJson, snapshot } from './plain-json.ts'
export { isCompactJwt, latin1Of, publicKeyProblem } from './public-key.ts'
export { isScopeToken, scopeList } from './scopes.ts'
