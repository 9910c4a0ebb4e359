// `@behalf/core/fga`: permissions asked of an OpenFGA server.

export type { ContextValue, Explanation } from '../contract/index.ts'
export type {
  AccessCheck,
  AccessChecker,
  AccessDecision,
  AccessQuestion,
  Explainer,
  RelationshipQuestion,
  RelationshipTuple,
} from '../fga/access-checker.ts'
export type { ClientCallOptions, ClientQuestion, OpenFgaClientLike } from '../fga/client-backend.ts'
export {
  type FgaAnswer,
  type FgaCallOptions,
  type FgaClient,
  type FgaClientOptions,
  fgaClient,
} from '../fga/fga-client.ts'
export { type Candidates, type Filtered, type FilterOptions, filterAllowed } from '../fga/filter-allowed.ts'
export type { CutOff, ListQuestion, ObjectList } from '../fga/list-objects.ts'
export type { MayOptions } from '../fga/may.ts'
export type { UserOf } from '../fga/object.ts'
export { type OpenFga, openFga } from '../fga/open-fga.ts'
export type { Relations } from '../fga/question.ts'
export type { HttpOptions, OpenFgaOptions, OwnClientOptions } from '../fga/read-options.ts'
export { allowPlainHttp, type StoreOptions } from '../fga/read-store-options.ts'
export type { ReadPage, ReadQuestion, StoredTuple } from '../fga/read-tuples.ts'
export type { ObjectStream } from '../fga/stream-objects.ts'
export type { OpenFgaCredentials } from '../fga/token-source.ts'
export type { Consistency } from '../fga/wire.ts'
export type { Writes, Written } from '../fga/write-tuples.ts'
