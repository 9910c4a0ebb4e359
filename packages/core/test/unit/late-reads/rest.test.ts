import { readsInTime } from '@behalf/testing/late-reads'
import { restEntries } from './rest.ts'

readsInTime(restEntries)
