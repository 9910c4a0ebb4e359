export type {
  AccessChecker,
  AccessQuestion,
  Explainer,
  RelationshipQuestion,
  RelationshipTuple,
} from './access-checker.ts'
export type { ClientCallOptions, ClientQuestion, OpenFgaClientLike } from './client-backend.ts'
export {
  type FgaAnswer,
  type FgaCallOptions,
  type FgaClient,
  type FgaClientOptions,
  fgaClient,
} from './fga-client.ts'
export {
  type Candidates,
  type Filtered,
  type FilterOptions,
  filterAllowed,
} from './filter-allowed.ts'
export type { CutOff, ListQuestion, ObjectList } from './list-objects.ts'
export { may } from './may.ts'
export { isObjectName, object } from './object.ts'
export { type OpenFga, openFga } from './open-fga.ts'
export type { Relations } from './question.ts'
export type { HttpOptions, OpenFgaOptions, OwnClientOptions } from './read-options.ts'
export { allowPlainHttp, type StoreOptions } from './read-store-options.ts'
export type { ReadPage, ReadQuestion, StoredTuple } from './read-tuples.ts'
export type { ObjectStream } from './stream-objects.ts'
export type { OpenFgaCredentials } from './token-source.ts'
export type { Consistency } from './wire.ts'
export type { Writes, Written } from './write-tuples.ts'
