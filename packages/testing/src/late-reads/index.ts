export { coversEachEntryPoint, type Entries, type EntryPoints, readsInTime } from './entry-points.ts'
export { type LateRead, port, Watch } from './watch.ts'
