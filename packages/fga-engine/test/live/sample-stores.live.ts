import { describe, expect, test } from 'vitest'
import { agrees } from './agrees.ts'
import { loadStores } from './load-stores.ts'
import { inProcess, overHttp, throughClient } from './places.ts'

const stores = loadStores()

if (stores === undefined) {
  console.log("not run: OpenFGA's sample stores are not beside this clone (../shared/data/openfga-sample-stores)")
}

describe.runIf(stores !== undefined).each([
  ['the engine', inProcess],
  ['the engine behind the HTTP API', overHttp],
  ['the engine behind our client', throughClient],
])('%s', (_name, place) => {
  for (const { name, model, scenarios } of stores ?? []) {
    for (const scenario of scenarios) {
      test(`${name}: ${scenario.name}`, async () => {
        await agrees(scenario, await place(model, scenario.tuples))
      })
    }
  }

  test('nothing of the sample stores is left out', () => {
    const all = (stores ?? []).flatMap(({ scenarios }) => scenarios)
    expect({
      stores: stores?.length,
      checks: all.flatMap(({ checks }) => checks).length,
      lists: all.flatMap(({ lists }) => lists).length,
    }).toEqual({ stores: 32, checks: 327, lists: 17 })
  })
})
