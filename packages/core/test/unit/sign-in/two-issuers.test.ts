import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startMockServers } from '@behalf/testing'
import { expect, onTestFinished, test } from 'vitest'
import { deviceLogin } from '../../../src/entrypoints/node.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { ciba, quickPolls } from './quick-polls.ts'

const required = { status: 'login_required', detail: 'no valid login on this device' }

async function world(key: Uint8Array | undefined) {
  quickPolls()
  const { authorizationServer, close } = await startMockServers({ algorithm: 'ES256', ciba })
  const folder = await mkdtemp(join(tmpdir(), 'behalf-device-'))
  onTestFinished(async () => {
    await close()
    await rm(folder, { recursive: true })
  })
  const { issuer, controls } = authorizationServer
  /** A command line of the same application. */
  const commandLine = (of: { readonly issuer?: string; readonly clientId?: string } = {}) =>
    deviceLogin({
      authorizationServer: oidc({ issuer, clientId: 'stock-cli', target: 'audience', ...of }),
      show: async ({ userCode }) => controls.approveDevice(userCode, 'ann'),
      scopes: ['openid', 'offline_access', 'chat'],
      resource: 'https://agent.behalf.example/',
      application: 'trader',
      folder,
      key,
    })
  return { commandLine, controls }
}

test.each([
  ['another issuer, unsealed', { issuer: 'https://other.example' }, undefined],
  ['another issuer, sealed', { issuer: 'https://other.example' }, new Uint8Array(32).fill(7)],
  ['another client, unsealed', { clientId: 'other-cli' }, undefined],
  ['another client, sealed', { clientId: 'other-cli' }, new Uint8Array(32).fill(7)],
])('a logout of a command line of %s leaves the login of this one, which reports it', async (_, of, key) => {
  const { commandLine, controls } = await world(key)
  expect(await commandLine().login()).toMatchObject({ status: 'verified' })
  const other = commandLine(of)
  expect(await other.identity()).toEqual(required)
  await other.logout()
  expect(await commandLine().identity()).toMatchObject({ identity: { subject: 'ann' } })
  await commandLine().logout()
  expect(await commandLine().identity()).toEqual(required)
  // The one login that there was is ended at its issuer.
  const revoked = (await controls.requests()).filter(({ endpoint }) => endpoint === 'revoke')
  expect(revoked).toHaveLength(1)
})
