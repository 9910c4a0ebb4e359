import { readsInTime } from '@behalf/testing/late-reads'
import { authorizationServerEntries } from './authorization-server.ts'

readsInTime(authorizationServerEntries)
