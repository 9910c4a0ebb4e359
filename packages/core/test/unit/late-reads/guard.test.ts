import { readsInTime } from '@behalf/testing/late-reads'
import { guardEntries } from './guard.ts'

readsInTime(guardEntries)
