import { beforeEach, describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { pointedRows } from '../records/pointed-rows.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4869', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const name = { connection: 'crm', account: 'a-1' }

/** Ann's linked account, an older copy of which an attacker with write access to the database restores. */
async function linked(definition: NonNullable<Parameters<typeof world>[1]>['definition'] = {}) {
  const inner = memoryStore({ clock })
  const rows = pointedRows(inner)
  const opened = world(crm, { clock, store: rows.store, definition })
  await opened.link()
  const [key = ''] = rows.keys('account:')
  const older = (await inner.get(key))?.value ?? new Uint8Array()
  const index = rows.indexesOf(key)
  return {
    ...opened,
    remove: () => inner.delete(key),
    putBack: async () => inner.put(key, older, { ifVersion: (await inner.get(key))?.version ?? null, index }),
  }
}

describe('a record of a linked account that was deleted from the database', () => {
  test('has its user connect again', async () => {
    const { link, tokenOf, remove } = await linked()
    await remove()
    expect(await tokenOf()).toBe('not_connected')
    await link()
    expect(await tokenOf()).toMatch(/^access-/)
  })
})

describe('an older copy of a linked account in its own place', () => {
  test('sends a used refresh token where the provider rotates: the provider ends the grant, and the user connects again', async () => {
    const { link, tokenOf, putBack } = await linked()
    clock.advance(3601)
    await tokenOf()
    await putBack()
    expect(await tokenOf()).toBe('must_reconnect')
    expect(crm.reused).toHaveLength(1)
    await link()
    expect(await tokenOf()).toMatch(/^access-/)
  })

  test('costs nothing where it was put back while an answer was awaited: the new refresh token is kept', async () => {
    const { tokenOf, putBack, vault } = await linked()
    clock.advance(3601)
    crm.after = async (answer) => {
      crm.after = (next) => next
      await putBack()
      return answer
    }
    await tokenOf()
    expect(await tokenOf()).toMatch(/^access-/)
    clock.advance(3601)
    expect(await tokenOf()).toMatch(/^access-/)
    expect(crm.reused).toEqual([])
    expect(await vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: true })
  })

  test('serves its own user as before where the provider does not rotate', async () => {
    crm.state.rotates = false
    const { tokenOf, putBack } = await linked({ refresh: { rotates: false } })
    clock.advance(3601)
    await tokenOf()
    await putBack()
    expect(await tokenOf()).toMatch(/^access-/)
    expect(await tokenOf({ identity: user('mallory') })).toBe('not_connected')
  })

  test('brings back an account that was disconnected, without what the provider has revoked', async () => {
    const { vault, tokenOf, putBack } = await linked()
    expect(await vault.accounts.disconnect(user(), name)).toMatchObject({ revoked: true })
    await putBack()
    expect(await vault.accounts.list(user())).toMatchObject([{ id: 'a-1' }])
    clock.advance(3601)
    expect(await tokenOf()).toBe('must_reconnect')
  })
})
