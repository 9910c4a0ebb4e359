export {
  type BatchCheckAnswer,
  type BatchCheckItem,
  type CheckQuestion,
  type Circumstances,
  createEngine,
  type EngineOptions,
  explanationText,
  type FgaEngine,
  type ListObjectsQuestion,
  type ListUsersQuestion,
  type ReadAnswer,
  type ReadQuestion,
  type WriteRequest,
} from './engine/index.ts'
export { FgaError, type FgaErrorCode } from './errors/index.ts'
export type { Explanation, ExplanationStep } from './evaluate/index.ts'
export { createHandler, type Handler, type HandlerOptions, handlerFetch } from './http/index.ts'
export type {
  AuthorizationModel,
  ConditionDefinition,
  ParameterType,
  RelationMetadata,
  TypeDefinition,
  TypeRestriction,
  Userset,
} from './model/index.ts'
export {
  type MemoryTuples,
  type MemoryTuplesOptions,
  memoryTuples,
  type Page,
  type PageQuery,
  type StoredTuple,
  type Tuple,
  type TupleChange,
  type TupleCondition,
  type TupleKey,
  type TupleSource,
} from './tuples/index.ts'
