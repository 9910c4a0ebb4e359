import type { Store } from '@behalf/core'
import { expect, test } from 'vitest'
import { bytes, create, type StoreUnderTest, text, type WithStore } from './store-under-test.ts'

const CONNECTIONS = 4
const CALLERS = 100

/** Opens several connections, as several processes have them; one if the store is not shared. */
async function connections(under: StoreUnderTest): Promise<(caller: number) => Store> {
  const stores = [under.store]
  while (under.restart !== undefined && stores.length < CONNECTIONS) stores.push(await under.restart())
  return (caller) => stores[caller % stores.length] ?? under.store
}

const everybody = <Result>(call: (caller: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: CALLERS }, (_, caller) => call(caller)))

/** Tests that an approval is used once: exactly one of the concurrent callers gets a record. */
export function concurrencyTests(withStore: WithStore): void {
  test(
    'creates for one of a hundred',
    withStore(async (under) => {
      const of = await connections(under)
      const answers = await everybody((caller) => of(caller).put('key', bytes(`${caller}`), { ifVersion: null }))
      const winners = answers.flatMap((answer, caller) => (answer === 'conflict' ? [] : [{ answer, caller }]))
      expect(winners).toHaveLength(1)
      const found = await under.store.get('key')
      expect([found?.version, text(found?.value)]).toEqual([winners[0]?.answer, `${winners[0]?.caller}`])
    }),
  )

  test(
    'lets one of a hundred consume a version, by writing or by deleting',
    withStore(async (under) => {
      const of = await connections(under)
      const ifVersion = await create(under.store, 'key')
      const answers = await everybody((caller) =>
        caller % 3 === 0
          ? of(caller).delete('key', { ifVersion })
          : of(caller).put('key', bytes(`${caller}`), { ifVersion }),
      )
      expect(answers.filter((answer) => answer !== 'conflict')).toHaveLength(1)
    }),
  )

  test(
    'shows a value and its version together, and never half of a write',
    withStore(async (under) => {
      const of = await connections(under)
      const whole = (caller: number) => bytes(`${caller}`.repeat(5_000))
      let version = await create(under.store, 'key', 'x'.repeat(5_000), { index: ['index'] })
      const written = new Map<string, string | undefined>([[version, 'x'.repeat(5_000)]])
      const seen: (readonly [version: string, value: string | undefined])[] = []
      const read = async (caller: number): Promise<void> => {
        for (let round = 0; round < 20; round++) {
          const found =
            caller % 2 === 0 ? await of(caller).get('key') : (await of(caller).list('index', { limit: 1 }))[0]
          seen.push([found?.version ?? '', text(found?.value)])
        }
      }
      const write = async (): Promise<void> => {
        for (let round = 0; round < 40; round++) {
          const value = whole(round % 10)
          const next = await of(round).put('key', value, { ifVersion: version, index: ['index'] })
          expect(next).not.toBe('conflict')
          version = next
          written.set(version, text(value))
        }
      }
      await Promise.all([write(), ...Array.from({ length: CONNECTIONS }, (_, caller) => read(caller))])
      for (const [at, value] of seen) expect(written.get(at) === value, at).toBe(true)
    }),
  )
}
