import { readsInTime } from '@behalf/testing/late-reads'
import { useMsw } from '../oauth/mock-issuer.ts'
import { authorizationServerEntries } from './authorization-server.ts'
import { handlers } from './issuer.ts'

useMsw(...handlers)
readsInTime(authorizationServerEntries)
