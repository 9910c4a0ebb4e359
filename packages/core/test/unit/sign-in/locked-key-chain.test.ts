import { expect, test } from 'vitest'
import { commandLines } from './own-folder.ts'

test('a key chain that was locked is asked again at the next look', async () => {
  const commandLine = await commandLines()
  const key = new Uint8Array(32).fill(7)
  await commandLine(() => key).login()
  let isLocked = true
  const next = commandLine(() => {
    if (isLocked) throw new Error('the key chain is locked')
    return key
  })
  await expect(next.identity()).rejects.toThrow('the key chain is locked')
  isLocked = false
  expect(await next.identity()).toMatchObject({ status: 'verified', identity: { subject: 'ann' } })
})
