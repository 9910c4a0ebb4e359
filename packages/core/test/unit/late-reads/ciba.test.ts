import { cibaEntries } from './ciba.ts'
import { readsInTime } from './entries.ts'

readsInTime(cibaEntries)
