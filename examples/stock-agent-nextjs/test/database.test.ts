import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { conversationsIn } from '../src/conversations.ts'
import { openDatabase } from '../src/database.ts'

const folder = () => {
  const directory = mkdtempSync(join(tmpdir(), 'behalf-app-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Creates a folder with the default mode of `mkdir`. */
const openFolder = () => {
  const directory = folder()
  chmodSync(directory, 0o755)
  return directory
}

test('conversations of a database of the first form are kept, and none of them counts as adopted', () => {
  const directory = folder()
  const first = new DatabaseSync(join(directory, 'app.sqlite'))
  first.exec(`
    CREATE TABLE conversations (
      id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, messages TEXT NOT NULL,
      version INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
    CREATE TABLE logins (
      state TEXT PRIMARY KEY, browser TEXT NOT NULL, verifier TEXT NOT NULL, nonce TEXT NOT NULL,
      return_to TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT;
    INSERT INTO conversations VALUES ('one', 'ann', 'Hello', '[]', 3, 0)`)
  first.close()
  for (let opened = 1; opened <= 2; opened++) {
    const database = openDatabase(directory)
    expect(conversationsIn(database).read('ann', 'one')).toEqual({
      id: 'one',
      version: 3,
      messages: [],
      isAdopted: false,
    })
    database.close()
  }
})

test('a conversation is adopted alone and by its visitor’s name, and their running turn keeps nothing in it', () => {
  const database = openDatabase(folder())
  onTestFinished(() => database.close())
  const conversations = conversationsIn(database)
  for (const id of ['one', 'other']) conversations.save('visitor', id, [])
  conversations.adopt('one', { from: 'another', to: 'ann' })
  expect(conversations.read('ann', 'one')).toBeUndefined()
  conversations.adopt('one', { from: 'visitor', to: 'ann' })
  expect(conversations.read('ann', 'one')).toMatchObject({ isAdopted: true, version: 2 })
  expect(conversations.read('ann', 'other')).toBeUndefined()
  expect(() => conversations.save('visitor', 'one', [])).toThrow('the conversation has another owner')
  conversations.save('ann', 'one', [])
  expect(conversations.read('ann', 'one')).toMatchObject({ isAdopted: false, version: 3 })
})

const modes = (directory: string) =>
  readdirSync(directory).map((name) => (statSync(join(directory, name)).mode & 0o777).toString(8))

test.runIf(process.platform !== 'win32')(
  'conversations are for the owner of the file, whatever folder they are in',
  () => {
    const directory = openFolder()
    const database = openDatabase(directory)
    database.exec("INSERT INTO activity (owner, at, event) VALUES ('ann', 1, '{}')")
    expect(modes(directory)).toEqual(['600', '600', '600'])
    database.close()
  },
)

test.runIf(process.platform !== 'win32')(
  'a file of before that all could read is for its owner alone from now on',
  () => {
    const directory = openFolder()
    for (const name of ['app.sqlite', 'app.sqlite-wal']) writeFileSync(join(directory, name), '', { mode: 0o644 })
    openDatabase(directory).close()
    expect(new Set(modes(directory))).toEqual(new Set(['600']))
  },
)
