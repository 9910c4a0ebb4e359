export { type MemoryStoreOptions, memoryStore } from './memory-store.ts'
export {
  type SealedPutOptions,
  type SealedStore,
  type SealedStoreOptions,
  type SealedValue,
  sealedStore,
} from './sealed-store.ts'
