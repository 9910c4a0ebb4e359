import { readsInTime } from '@behalf/testing/late-reads'
import { useMsw } from '../oauth/mock-issuer.ts'
import { handlers, vaultEntries } from './vault.ts'

useMsw(...handlers)
readsInTime(vaultEntries)
