import { describe, expect, test } from 'vitest'
import type { Answers } from './sample-stores/answers.ts'
import { loadStores, type Scenario } from './sample-stores/load-stores.ts'
import { inProcess, overHttp } from './sample-stores/places.ts'

const stores = loadStores()

if (stores === undefined) {
  console.log("not run: OpenFGA's sample stores are not beside this clone (../shared/data/openfga-sample-stores)")
  test("OpenFGA's sample stores: not run, they are not beside this clone", () => {})
}

describe.each([
  ['the engine', inProcess],
  ['the engine behind the HTTP API', overHttp],
])('%s', (_name, place) => {
  for (const { name, model, scenarios } of stores ?? []) {
    for (const scenario of scenarios) {
      test(`${name}: ${scenario.name}`, async () => {
        await agrees(scenario, await place(model, scenario.tuples))
      })
    }
  }

  if (stores !== undefined) {
    test('nothing of the sample stores is left out', () => {
      const all = stores.flatMap(({ scenarios }) => scenarios)
      expect({
        stores: stores.length,
        checks: all.flatMap(({ checks }) => checks).length,
        lists: all.flatMap(({ lists }) => lists).length,
      }).toEqual({ stores: 32, checks: 327, lists: 17 })
    })
  }
})

async function agrees({ checks, lists, userLists }: Scenario, answers: Answers): Promise<void> {
  for (const { question, expected } of checks) {
    expect(await answers.check(question), JSON.stringify(question)).toBe(expected)
  }
  for (const { question, expected } of lists) {
    expect(await answers.listObjects(question), JSON.stringify(question)).toEqual([...expected].sort())
  }
  for (const { question, expected } of userLists) {
    expect(await answers.listUsers(question), JSON.stringify(question)).toEqual([...expected].sort())
  }
}
