import { readsInTime } from '@behalf/testing/late-reads'
import { useMsw } from '../oauth/mock-issuer.ts'
import { identityEntries } from './identity.ts'
import { handlers } from './issuer.ts'

useMsw(...handlers)
readsInTime(identityEntries)
