import { readsInTime } from '@behalf/testing/late-reads'
import { identityEntries } from './identity.ts'

readsInTime(identityEntries)
