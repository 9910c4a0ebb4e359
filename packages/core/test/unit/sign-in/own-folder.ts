import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startMockServers } from '@behalf/testing'
import { onTestFinished } from 'vitest'
import { type DeviceLogin, type DeviceLoginOptions, deviceLogin } from '../../../src/entrypoints/node.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { ciba, quickPolls } from './quick-polls.ts'

/** Command lines of one application that keep Ann's login in a folder of the test, each with its own key. */
export async function commandLines(): Promise<
  (key?: DeviceLoginOptions['key'], over?: Partial<DeviceLoginOptions>) => DeviceLogin
> {
  quickPolls()
  const { authorizationServer, close } = await startMockServers({ algorithm: 'ES256', ciba })
  const folder = await mkdtemp(join(tmpdir(), 'behalf-device-'))
  onTestFinished(async () => {
    await close()
    await rm(folder, { recursive: true })
  })
  const { issuer, controls } = authorizationServer
  return (key, over = {}) =>
    deviceLogin({
      authorizationServer: oidc({ issuer, clientId: 'stock-cli', target: 'audience' }),
      show: async ({ userCode }) => controls.approveDevice(userCode, 'ann'),
      scopes: ['openid', 'offline_access', 'chat'],
      resource: 'https://agent.behalf.example/',
      application: 'trader',
      folder,
      key,
      ...over,
    })
}
