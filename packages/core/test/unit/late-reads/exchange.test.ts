import { readsInTime } from '@behalf/testing/late-reads'
import { exchangeServer } from '../token-exchange/exchange-server.ts'
import { exchangeEntries } from './exchange.ts'

readsInTime(exchangeEntries(await exchangeServer()))
