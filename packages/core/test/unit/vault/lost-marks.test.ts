import { beforeEach, expect, test } from 'vitest'
import { StoreError } from '../../../src/base/errors/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { tapped, testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4874', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const refreshes = () => crm.forms.filter((form) => form.get('grant_type') === 'refresh_token')

/** A vault whose store loses its answer to the next write of an account, whether or not it was carried out. */
async function losing(isCarriedOut: boolean) {
  const inner = memoryStore({ clock })
  let isLosing = false
  let isDown = false
  const store = tapped(inner, async (operation, key, next) => {
    if (!isLosing || !key.startsWith('account:')) return next()
    if (operation === 'put' && !isDown && isCarriedOut) await next()
    isDown ||= operation === 'put'
    if (!isDown) return next()
    throw new StoreError('unavailable', 'the answer was lost')
  })
  const here = world(crm, { clock, store })
  const elsewhere = world(crm, { clock, store: inner })
  await here.link()
  clock.advance(3601)
  isLosing = true
  await expect(here.tokenOf()).rejects.toThrow('the answer was lost')
  const heal = () => {
    isLosing = false
  }
  // The mark is written before the refresh token is sent.
  expect(refreshes()).toEqual([])
  return { here, elsewhere, heal }
}

test.each([true, false])(
  'a store that loses its answer to the mark of a refresh costs no connection: nothing was sent (carried out: %s)',
  async (isCarriedOut) => {
    const { here, heal } = await losing(isCarriedOut)
    heal()
    expect(await here.tokenOf()).toMatch(/^access-/)
    expect(refreshes()).toHaveLength(1)
    expect(crm.reused).toEqual([])
  },
)

test('nor where another process found the mark meanwhile', async () => {
  const { here, elsewhere, heal } = await losing(true)
  expect(await elsewhere.tokenOf()).toBe('must_reconnect')
  heal()
  await expect.poll(() => here.tokenOf(), { timeout: 4_000 }).toMatch(/^access-/)
  expect(await elsewhere.tokenOf()).toMatch(/^access-/)
  expect(crm.reused).toEqual([])
})
