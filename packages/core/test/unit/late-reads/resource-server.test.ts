import { readsInTime } from '@behalf/testing/late-reads'
import { useMsw } from '../oauth/mock-issuer.ts'
import { handlers } from './issuer.ts'
import { resourceServerEntries } from './resource-server.ts'

useMsw(...handlers)
readsInTime(resourceServerEntries)
