import { readsInTime } from './entries.ts'
import { idJagEntries } from './id-jag.ts'

readsInTime(idJagEntries)
