import { readsInTime } from './entries.ts'
import { restEntries } from './rest.ts'

readsInTime(restEntries)
