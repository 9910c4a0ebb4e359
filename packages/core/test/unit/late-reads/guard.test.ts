import { readsInTime } from './entries.ts'
import { guardEntries } from './guard.ts'

readsInTime(guardEntries)
