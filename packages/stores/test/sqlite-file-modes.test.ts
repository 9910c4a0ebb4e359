import { chmodSync, chownSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sqliteStore } from '@behalf/stores/sqlite'
import { afterEach, describe, expect, test } from 'vitest'
import { place } from './sqlite-files.ts'

const value = new Uint8Array([1])
const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const clean of cleanUps.splice(0)) clean()
})

function fresh(): string {
  const { file, remove } = place()
  cleanUps.push(remove)
  return file
}

describe('the file of a SQLite store', () => {
  test.each(['file:store.db', 'file:///tmp/store.db?mode=rwc', 'FILE:store.db', 'file:store.db?mode=memory'])(
    'a URI such as %s is refused at construction: SQLite would open another file than the one that is made for its owner only',
    (file) => {
      expect(() => sqliteStore({ file })).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'sqliteStore.file' }),
      )
    },
  )

  test.each([0o644, 0o640, 0o660, 0o606])(
    'an existing file of mode %o is closed to others before anything is stored',
    async (mode) => {
      const file = fresh()
      writeFileSync(file, '')
      chmodSync(file, mode)
      const store = sqliteStore({ file })
      cleanUps.push(() => store.close())
      expect(await store.put('key', value, { ifVersion: null })).not.toBe('conflict')
      const names = readdirSync(dirname(file))
      expect(names).toContain('store.db-wal')
      for (const name of names) expect(statSync(join(dirname(file), name)).mode & 0o777, name).toBe(0o600)
    },
  )

  test('a journal that others may read is closed as the file is', async () => {
    const file = fresh()
    const before = sqliteStore({ file })
    cleanUps.push(() => before.close())
    await before.put('key', value, { ifVersion: null })
    chmodSync(`${file}-wal`, 0o644)
    const store = sqliteStore({ file })
    cleanUps.push(() => store.close())
    expect(await store.get('key')).toBeDefined()
    expect(statSync(`${file}-wal`).mode & 0o777).toBe(0o600)
  })

  test.skipIf(process.getuid?.() !== 0)(
    'a file of another user that is open to others is refused, and left as it is',
    async () => {
      const file = fresh()
      writeFileSync(file, '')
      chmodSync(file, 0o644)
      chownSync(file, 65_534, 65_534)
      const refused = { code: 'ERR_CONFIGURATION', option: 'sqliteStore.file' }
      await expect(sqliteStore({ file }).put('key', value, { ifVersion: null })).rejects.toMatchObject(refused)
      const { uid, size, mode } = statSync(file)
      expect([uid, size, mode & 0o777]).toEqual([65_534, 0, 0o644])
    },
  )
})
