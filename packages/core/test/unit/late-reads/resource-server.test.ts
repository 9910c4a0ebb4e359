import { readsInTime } from './entries.ts'
import { resourceServerEntries } from './resource-server.ts'

readsInTime(resourceServerEntries)
