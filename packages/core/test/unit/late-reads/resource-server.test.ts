import { readsInTime } from '@behalf/testing/late-reads'
import { resourceServerEntries } from './resource-server.ts'

readsInTime(resourceServerEntries)
