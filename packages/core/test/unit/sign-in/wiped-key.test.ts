import { expect, test } from 'vitest'
import { commandLines } from './own-folder.ts'

const key = () => new Uint8Array(32).fill(7)

test('a key whose bytes are wiped before the first login seals it all the same, and zeros open nothing', async () => {
  const commandLine = await commandLines()
  const bytes = key()
  const login = commandLine(bytes)
  bytes.fill(0)
  expect(await login.login()).toMatchObject({ status: 'verified', identity: { subject: 'ann' } })
  expect(await commandLine(key()).identity()).toMatchObject({ status: 'verified', identity: { subject: 'ann' } })
  await expect(commandLine(new Uint8Array(32)).identity()).rejects.toMatchObject({ reason: 'wrong_key' })
})

test('a key of the wrong length is refused before a person is asked', async () => {
  const commandLine = await commandLines()
  for (const wrong of [new Uint8Array(31), 'c2hvcnQ']) {
    expect(() => commandLine(wrong)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
  }
})
