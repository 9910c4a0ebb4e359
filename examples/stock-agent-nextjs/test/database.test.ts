import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../src/database.ts'

/** A folder that was there before, as `mkdir` makes it. */
function folder(): string {
  const directory = mkdtempSync(join(tmpdir(), 'stock-agent-'))
  chmodSync(directory, 0o755)
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

const modes = (directory: string) =>
  readdirSync(directory).map((name) => (statSync(join(directory, name)).mode & 0o777).toString(8))

test.runIf(process.platform !== 'win32')(
  'conversations are for the owner of the file, whatever folder they are in',
  () => {
    const directory = folder()
    const database = openDatabase(directory)
    database.exec("INSERT INTO activity (owner, at, event) VALUES ('ann', 1, '{}')")
    expect(modes(directory)).toEqual(['600', '600', '600'])
    database.close()
  },
)

test.runIf(process.platform !== 'win32')(
  'a file of before that all could read is for its owner alone from now on',
  () => {
    const directory = folder()
    for (const name of ['app.sqlite', 'app.sqlite-wal']) writeFileSync(join(directory, name), '', { mode: 0o644 })
    openDatabase(directory).close()
    expect(new Set(modes(directory))).toEqual(new Set(['600']))
  },
)
