import { readsInTime } from '@behalf/testing/late-reads'
import { exchangeEntries } from './exchange.ts'

readsInTime(exchangeEntries)
