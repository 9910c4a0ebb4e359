import { expect, test } from 'vitest'
import { memoryStore } from '../../../src/stores/index.ts'
import { testClock } from '../approvals/harness.ts'
import { useMsw } from '../authorization-server/mock-issuer.ts'
import { provider } from './provider.ts'
import { user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4811', () => clock.now())
useMsw(...crm.handlers)

test('a connect flow ends after ten minutes also where its row was made to live longer in the database', async () => {
  const inner = memoryStore({ clock })
  // Whoever writes to the database sets another expiry, and holds no key.
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
