// `@behalf/core/fga`: permissions asked of an OpenFGA server.

export type { ContextValue, Explanation } from '../base/contract/index.ts'
export type * from '../permissions/openfga/access-checker.ts'
export type { ClientCallOptions, ClientQuestion, OpenFgaClientLike } from '../permissions/openfga/client-backend.ts'
export type * from '../permissions/openfga/fga-client.ts'
export { fgaClient } from '../permissions/openfga/fga-client.ts'
export {
  type Candidates,
  type Filtered,
  type FilterOptions,
  filterAllowed,
} from '../permissions/openfga/filter-allowed.ts'
export type { CutOff, ListQuestion, ObjectList, ObjectStream } from '../permissions/openfga/list-objects.ts'
export type { MayOptions } from '../permissions/openfga/may.ts'
export type { UserOf } from '../permissions/openfga/object.ts'
export { type OpenFga, openFga } from '../permissions/openfga/open-fga.ts'
export type { Relations } from '../permissions/openfga/question.ts'
export type { HttpOptions, OpenFgaOptions, OwnClientOptions } from '../permissions/openfga/read-options.ts'
export { allowPlainHttp, type StoreOptions } from '../permissions/openfga/read-options.ts'
export type { OpenFgaCredentials } from '../permissions/openfga/token-source.ts'
export type { ReadPage, ReadQuestion, StoredTuple, Writes, Written } from '../permissions/openfga/tuples.ts'
export type { Consistency } from '../permissions/openfga/wire.ts'
