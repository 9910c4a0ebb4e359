import { authorizationServerEntries } from './authorization-server.ts'
import { readsInTime } from './entries.ts'

readsInTime(authorizationServerEntries)
