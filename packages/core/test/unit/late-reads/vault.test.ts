import { readsInTime } from '@behalf/testing/late-reads'
import { vaultEntries } from './vault.ts'

readsInTime(vaultEntries)
