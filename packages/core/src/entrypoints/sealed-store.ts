// `@behalf/core/sealed-store`: secrets of an app or an adapter, sealed in a Store.
export {
  type SealedPutOptions,
  type SealedStore,
  type SealedStoreOptions,
  type SealedValue,
  sealedStore,
} from '../stores/sealed-store.ts'
