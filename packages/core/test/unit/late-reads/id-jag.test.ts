import { readsInTime } from '@behalf/testing/late-reads'
import { idJagEntries } from './id-jag.ts'

readsInTime(idJagEntries)
