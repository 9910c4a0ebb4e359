import { readsInTime } from './entries.ts'
import { identityEntries } from './identity.ts'

readsInTime(identityEntries)
