export { type Entries, readsInTime } from './entries.ts'
export { coversEachEntryPoint, type EntryPoints } from './entry-points.ts'
export { type LateRead, port, Watch } from './watch.ts'
