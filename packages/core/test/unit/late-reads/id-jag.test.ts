import { readsInTime } from '@behalf/testing/late-reads'
import { twoIssuers } from '../token-exchange/two-issuers.ts'
import { idJagEntries } from './id-jag.ts'

readsInTime(idJagEntries(await twoIssuers()))
