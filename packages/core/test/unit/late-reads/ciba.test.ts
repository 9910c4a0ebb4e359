import { readsInTime } from '@behalf/testing/late-reads'
import { cibaEntries } from './ciba.ts'

readsInTime(cibaEntries)
