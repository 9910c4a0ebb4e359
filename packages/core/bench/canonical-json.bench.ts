import { bench } from '../../../scripts/bench/bench.ts'
import { canonicalJson } from '../src/base/values/index.ts'

const order = {
  portfolio: 'p-ann',
  side: 'buy',
  symbol: 'AAPL',
  quantity: 50,
  note: 'for the long run',
  limits: { low: 180, high: 195.5 },
}

bench('canonical JSON of an order', {
  run: () => canonicalJson(order),
  peer: { name: 'JSON.stringify', run: () => JSON.stringify(order) },
})
