import { readsInTime } from './entries.ts'
import { httpEntries } from './http.ts'

readsInTime(httpEntries)
