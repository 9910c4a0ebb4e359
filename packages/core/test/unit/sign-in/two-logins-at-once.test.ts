import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startMockServers } from '@behalf/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type DevicePrompt, deviceLogin } from '../../../src/entrypoints/node.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { ciba, quickPolls } from './quick-polls.ts'

async function world() {
  quickPolls()
  const { authorizationServer, close } = await startMockServers({ algorithm: 'ES256', ciba })
  onTestFinished(() => close())
  const { issuer, controls } = authorizationServer
  const folder = await mkdtemp(join(tmpdir(), 'behalf-device-'))
  const commandLine = () => {
    const shown: DevicePrompt[] = []
    const login = deviceLogin({
      authorizationServer: oidc({ issuer, clientId: 'stock-cli', target: 'audience' }),
      show: (prompt) => void shown.push(prompt),
      scopes: ['openid', 'offline_access', 'chat'],
      resource: 'https://agent.behalf.example/',
      application: 'trader',
      folder,
    })
    return {
      ...login,
      async begin() {
        const before = shown.length
        const outcome = login.login()
        await vi.waitFor(() => expect(shown).toHaveLength(before + 1))
        const approve = (user: string) => controls.approveDevice(shown.at(-1)?.userCode ?? '', user)
        return { outcome, approve }
      },
    }
  }
  const revocations = async () => (await controls.requests()).filter(({ endpoint }) => endpoint === 'revoke').length
  return { commandLine, revocations }
}

describe('two command lines that log in at once', () => {
  test('the process in which Ann logged in never reports Bob, who logged in beside her: it asks for a login', async () => {
    const { commandLine, revocations } = await world()
    const [ann, bob] = [commandLine(), commandLine()]
    const [first, second] = [await ann.begin(), await bob.begin()]
    await first.approve('ann')
    expect(await first.outcome).toMatchObject({ identity: { subject: 'ann' } })
    expect(await ann.identity()).toMatchObject({ identity: { subject: 'ann' } })
    await second.approve('bob')
    expect(await second.outcome).toMatchObject({ identity: { subject: 'bob' } })
    expect(await bob.identity()).toMatchObject({ identity: { subject: 'bob' } })
    expect(await ann.identity()).toMatchObject({
      status: 'login_required',
      detail: 'another person logged in on this device meanwhile',
    })
    // The refresh token of the login that was replaced is kept nowhere.
    expect(await revocations()).toBe(1)
    // A process that logged in as no one takes the login of the device.
    expect(await commandLine().identity()).toMatchObject({ identity: { subject: 'bob' } })
    const again = await ann.begin()
    await again.approve('ann')
    expect(await again.outcome).toMatchObject({ identity: { subject: 'ann' } })
    expect(await ann.identity()).toMatchObject({ identity: { subject: 'ann' } })
    expect(await bob.identity()).toMatchObject({ status: 'login_required' })
  })

  test('one person in both has one login that both report, and keeps it', async () => {
    const { commandLine, revocations } = await world()
    const [one, other] = [commandLine(), commandLine()]
    const [first, second] = [await one.begin(), await other.begin()]
    await first.approve('ann')
    await first.outcome
    await second.approve('ann')
    await second.outcome
    for (const each of [one, other]) expect(await each.identity()).toMatchObject({ identity: { subject: 'ann' } })
    expect(await revocations()).toBe(0)
  })

  test('a logout of Ann’s process leaves the login of Bob, who logged in beside her', async () => {
    const { commandLine } = await world()
    const [ann, bob] = [commandLine(), commandLine()]
    const [first, second] = [await ann.begin(), await bob.begin()]
    await first.approve('ann')
    await first.outcome
    await second.approve('bob')
    await second.outcome
    await ann.logout()
    expect(await bob.identity()).toMatchObject({ identity: { subject: 'bob' } })
    await bob.logout()
    expect(await bob.identity()).toMatchObject({ status: 'login_required' })
  })

  test('after a logout, a process reports the next user who logs in', async () => {
    const { commandLine } = await world()
    const [one, other] = [commandLine(), commandLine()]
    const first = await one.begin()
    await first.approve('ann')
    await first.outcome
    await one.logout()
    const second = await other.begin()
    await second.approve('bob')
    await second.outcome
    expect(await one.identity()).toMatchObject({ identity: { subject: 'bob' } })
  })

  test('a process that reported the stored login of Ann reports no user who logs in after that', async () => {
    const { commandLine } = await world()
    const first = await commandLine().begin()
    await first.approve('ann')
    await first.outcome
    const [told, asked, bob] = [commandLine(), commandLine(), commandLine()]
    expect(await told.login()).toMatchObject({ identity: { subject: 'ann' } })
    expect(await asked.identity()).toMatchObject({ identity: { subject: 'ann' } })
    await bob.logout()
    const second = await bob.begin()
    await second.approve('bob')
    await second.outcome
    for (const each of [told, asked]) expect(await each.identity()).toMatchObject({ status: 'login_required' })
    await told.logout()
    expect(await bob.identity()).toMatchObject({ identity: { subject: 'bob' } })
    expect(await told.identity()).toMatchObject({ identity: { subject: 'bob' } })
  })
})

test('a login that cannot be written to its file is revoked, since it is kept nowhere', async () => {
  const { commandLine, revocations } = await world()
  const ann = commandLine()
  const { outcome, approve } = await ann.begin()
  // A folder in place of the file: nothing can be renamed to it.
  await mkdir(ann.path, { recursive: true })
  await approve('ann')
  await expect(outcome).rejects.toMatchObject({ code: 'ERR_STORE' })
  // Refresh token and access token.
  expect(await revocations()).toBe(2)
})
