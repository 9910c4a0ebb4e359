// `@behalf/core/sealed-store`: secrets of an app or an adapter, sealed in a Store.
export type * from '../base/stores/sealed-store.ts'
export { sealedStore } from '../base/stores/sealed-store.ts'
