import { expect, test } from 'vitest'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { pointedRows } from '../records/pointed-rows.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { keys, user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4811', () => clock.now())
useMsw(...crm.handlers)

test('a connect flow ends after ten minutes also where its row was made to live longer in the database', async () => {
  const inner = memoryStore({ clock })
  // An attacker who may write to the database, and has no key, sets another expiry.
  const edited = new Proxy(inner, {
    get: (target, name) => {
      if (name !== 'put') {
        const member = Reflect.get(target, name)
        return typeof member === 'function' ? member.bind(target) : member
      }
      return (key: string, value: Uint8Array, options: Parameters<typeof inner.put>[2]) =>
        inner.put(key, value, key.startsWith('connect:') ? { ifVersion: options.ifVersion } : options)
    },
  })
  const { start, finish } = world(crm, { clock, store: edited })
  const first = await start()
  clock.advance(599)
  expect(await finish(crm.codeFor(first.url))).toMatchObject({ status: 'connected' })
  const second = await start()
  clock.advance(601)
  expect(await finish(crm.codeFor(second.url), user())).toMatchObject({
    status: 'refused',
    reason: 'unknown_state',
  })
})

test.each(['damaged', 'moved', 'of a key that is gone'])(
  'a connect flow whose row does not open (%s) is refused, and can be begun again',
  async (how) => {
    const inner = memoryStore({ clock })
    const rows = pointedRows(inner)
    const { start } = world(crm, { clock, store: rows.store })
    const [first, second] = [await start(), await start()]
    const [one = '', other = ''] = rows.keys('connect:')
    const theirs = (await inner.get(other))?.value ?? new Uint8Array()
    const version = (await inner.get(one))?.version ?? null
    if (how === 'damaged') await inner.put(one, new Uint8Array([1]), { ifVersion: version })
    if (how === 'moved') await inner.put(one, theirs, { ifVersion: version })
    const later = { ...keys, seal: [new Uint8Array(32).fill(9)] } as const
    const now = world(crm, { clock, store: rows.store, ...(how.startsWith('of') && { keys: later }) })
    expect(await now.finish(crm.codeFor(first.url))).toMatchObject({ status: 'refused', reason: 'unknown_state' })
    if (!how.startsWith('of')) expect(await now.finish(crm.codeFor(second.url))).toMatchObject({ status: 'connected' })
    const again = await now.start()
    expect(await now.finish(crm.codeFor(again.url))).toMatchObject({ status: 'connected' })
  },
)
