import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startMockServers } from '@behalf/testing'
import { expect, onTestFinished, test } from 'vitest'
import { deviceLogin } from '../../../src/doors/node.ts'
import { oidc } from '../../../src/doors/providers.ts'

test('a key chain that was locked is asked again at the next look', async () => {
  const { authorizationServer, close } = await startMockServers({ algorithm: 'ES256', ciba: { interval: 1 } })
  const folder = await mkdtemp(join(tmpdir(), 'behalf-device-'))
  onTestFinished(async () => {
    await close()
    await rm(folder, { recursive: true })
  })
  const { issuer, controls } = authorizationServer
  const commandLine = (key: () => Uint8Array) =>
    deviceLogin({
      authorizationServer: oidc({ issuer, clientId: 'stock-cli', target: 'audience' }),
      show: async ({ userCode }) => controls.approveDevice(userCode, 'ann'),
      scopes: ['openid', 'offline_access', 'chat'],
      resource: 'https://agent.behalf.example/',
      application: 'trader',
      folder,
      key,
    })
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
