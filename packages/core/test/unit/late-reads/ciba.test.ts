import { readsInTime } from '@behalf/testing/late-reads'
import { useMsw } from '../oauth/mock-issuer.ts'
import { cibaEntries, handlers } from './ciba.ts'

useMsw(...handlers)
readsInTime(cibaEntries)
