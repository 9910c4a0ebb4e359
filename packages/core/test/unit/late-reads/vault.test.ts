import { readsInTime } from './entries.ts'
import { vaultEntries } from './vault.ts'

readsInTime(vaultEntries)
