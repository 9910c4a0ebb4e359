import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandLines } from './own-folder.ts'

const [key, other] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)]

async function world() {
  const commandLine = await commandLines()
  const damage = async (text: string) => {
    const { path } = commandLine()
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFile(path, text, { mode: 0o600 })
  }
  return { commandLine, damage }
}

const reports = { status: 'verified', identity: { subject: 'ann' } }

describe('a login that a disk, a killed process or a lost key left unreadable', () => {
  test.each([
    ['', undefined],
    ['{"v":1,"sealed":fa', undefined],
    ['\0\0\0\0', key],
    ['{"v":1,"sealed":true,"value":"abc"}', key],
  ])('is replaced by the next login: %j', async (text, sealedBy) => {
    const { commandLine, damage } = await world()
    await damage(text)
    await expect(commandLine(sealedBy).identity()).rejects.toMatchObject({ code: 'ERR_STORE', reason: 'corrupt' })
    expect(await commandLine(sealedBy).login()).toMatchObject(reports)
    expect(await commandLine(sealedBy).identity()).toMatchObject(reports)
  })

  test('under a key that the key chain lost, is replaced by one under the new key', async () => {
    const { commandLine } = await world()
    await commandLine(key).login()
    await expect(commandLine(other).identity()).rejects.toMatchObject({ code: 'ERR_STORE', reason: 'wrong_key' })
    expect(await commandLine(other).login()).toMatchObject(reports)
    expect(await commandLine(other).identity()).toMatchObject(reports)
  })

  test('is left where no key was given for what is sealed, or a later release wrote it', async () => {
    const { commandLine, damage } = await world()
    await commandLine(key).login()
    const before = await readFile(commandLine().path)
    await expect(commandLine().login()).rejects.toMatchObject({ code: 'ERR_STORE', reason: 'wrong_key' })
    expect(await readFile(commandLine().path)).toEqual(before)
    await damage('{"v":2}')
    await expect(commandLine().login()).rejects.toMatchObject({ code: 'ERR_STORE', reason: 'unknown_version' })
  })
})
