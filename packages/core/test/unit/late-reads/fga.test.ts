import { readsInTime } from './entries.ts'
import { fgaEntries } from './fga.ts'

readsInTime(fgaEntries)
