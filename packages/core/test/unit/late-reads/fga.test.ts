import { readsInTime } from '@behalf/testing/late-reads'
import { fgaEntries } from './fga.ts'

readsInTime(fgaEntries)
