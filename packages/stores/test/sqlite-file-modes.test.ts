import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
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
    'an existing file of mode %o is refused with the remedy, and left as it is',
    async (mode) => {
      const file = fresh()
      writeFileSync(file, '')
      chmodSync(file, mode)
      const store = sqliteStore({ file })
      cleanUps.push(() => store.close())
      const refused = { code: 'ERR_CONFIGURATION', message: expect.stringContaining('chmod 600') }
      await expect(store.put('key', value, { ifVersion: null })).rejects.toMatchObject(refused)
      await expect(store.get('key')).rejects.toMatchObject(refused)
      expect(statSync(file).mode & 0o777).toBe(mode)
      expect(statSync(file).size).toBe(0)
      chmodSync(file, 0o600)
      expect(await store.put('key', value, { ifVersion: null })).not.toBe('conflict')
      for (const name of readdirSync(dirname(file))) {
        expect(statSync(`${dirname(file)}/${name}`).mode & 0o777, name).toBe(0o600)
      }
    },
  )

  test('a journal that others may read is refused as the file is', async () => {
    const file = fresh()
    const before = sqliteStore({ file })
    cleanUps.push(() => before.close())
    await before.put('key', value, { ifVersion: null })
    chmodSync(`${file}-wal`, 0o644)
    await expect(sqliteStore({ file }).get('key')).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining(`${file}-wal`),
    })
  })
})
