export type {
  AccessCheck,
  AccessChecker,
  AccessDecision,
  AccessQuestion,
  Explainer,
  RelationshipQuestion,
  RelationshipTuple,
} from './access-checker.ts'
export { type MayOptions, may } from './may.ts'
export { isObjectName, object } from './object.ts'
export { openFga } from './open-fga.ts'
export type { Relations } from './question.ts'
export { allowPlainHttp, type OpenFgaCredentials, type OpenFgaOptions } from './read-options.ts'
export type { UserOf } from './user-of.ts'
export type { Consistency } from './wire.ts'
