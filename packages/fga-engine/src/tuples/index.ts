export { problemOfContext } from './context-problem.ts'
export { copyOfContext, copyOfTuple } from './copy-tuple.ts'
export { type MemoryTuples, type MemoryTuplesOptions, memoryTuples } from './memory-tuples.ts'
export { isObject, isUserset, isWildcard, splitUserset, typeOf } from './names.ts'
export { type Tuple, type TupleCondition, type TupleKey, tupleText } from './tuple.ts'
export type { Page, PageQuery, StoredTuple, TupleChange, TupleSource } from './tuple-source.ts'
export {
  type Conditions,
  problemOfKey,
  problemOfStored,
  problemOfTuple,
  problemOfUser,
} from './validate-tuple.ts'
