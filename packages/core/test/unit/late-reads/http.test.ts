import { readsInTime } from '@behalf/testing/late-reads'
import { httpEntries } from './http.ts'

readsInTime(httpEntries)
