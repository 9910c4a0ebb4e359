import { readsInTime } from './entries.ts'
import { exchangeEntries } from './exchange.ts'

readsInTime(exchangeEntries)
