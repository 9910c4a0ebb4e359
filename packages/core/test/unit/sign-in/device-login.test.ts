import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { startMockServers } from '@behalf/testing'
import { HttpResponse, http } from 'msw'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  type DeviceLoginOptions,
  type DevicePrompt,
  deviceLogin,
  type LoginFile,
} from '../../../src/entrypoints/node.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { createDeviceLogin } from '../../../src/sign-in/device-login/create-device-login.ts'
import { configurationFolder, loginFile } from '../../../src/sign-in/device-login/device-login.node.ts'
import { ciba, quickPolls } from './quick-polls.ts'

const AGENT = 'https://agent.behalf.example/'
const key = new Uint8Array(32).fill(7)

async function world() {
  let offset = 0
  const clock = {
    now: () => Date.now() + offset,
    advance: (seconds: number) => {
      offset += seconds * 1000
    },
  }
  quickPolls()
  const servers = await startMockServers({ algorithm: 'ES256', clock, ciba })
  onTestFinished(() => servers.close())
  const folder = await mkdtemp(join(tmpdir(), 'behalf-device-'))
  const profile = oidc({ issuer: servers.authorizationServer.issuer, clientId: 'stock-cli', target: 'audience' })
  const shown: DevicePrompt[] = []
  const { controls } = servers.authorizationServer
  const device = (over: Partial<DeviceLoginOptions> = {}) =>
    deviceLogin({
      authorizationServer: profile,
      show: (prompt) => void shown.push(prompt),
      scopes: ['openid', 'offline_access', 'chat'],
      resource: AGENT,
      application: 'trader',
      folder,
      clock,
      ...over,
    })
  const loginAs = async (subject: string, over: Partial<DeviceLoginOptions> = {}) => {
    const before = shown.length
    const waiting = device(over).login()
    await vi.waitFor(() => expect(shown).toHaveLength(before + 1))
    await controls.approveDevice(shown.at(-1)?.userCode ?? '', subject)
    return waiting
  }
  const refreshes = async () =>
    (await controls.requests()).filter(({ parameters }) => parameters.grant_type === 'refresh_token').length
  const { path } = device()
  return { ...servers, controls, clock, folder, profile, shown, device, loginAs, refreshes, path }
}

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

describe('a device login', () => {
  test('is asked for once, and kept for its owner only', async () => {
    const { device, loginAs, shown, path, folder } = await world()
    expect(await device().identity()).toMatchObject({ status: 'login_required' })
    expect(await loginAs('ann')).toMatchObject({ status: 'verified', identity: { subject: 'ann' } })
    expect(await modeOf(path)).toBe('600')
    expect(await modeOf(join(folder, 'trader'))).toBe('700')
    expect((await readdir(join(folder, 'trader'))).sort()).toEqual([basename(path), 'login.changes'])
    // Another process.
    expect(await device().identity()).toMatchObject({ identity: { subject: 'ann', clientId: 'stock-cli' } })
    expect(await device().login()).toMatchObject({ identity: { subject: 'ann' } })
    expect(shown).toHaveLength(1)
  })

  test('is called unsealed without a key, and is sealed with one', async () => {
    const { device, loginAs, shown, path, profile } = await world()
    await loginAs('ann')
    expect(device().keeps).toBe('unsealed')
    expect(shown[0]).toMatchObject({ keeps: 'unsealed', path })
    expect(await readFile(path, 'utf8')).toContain('"sealed":false')
    expect(await readFile(path, 'utf8')).toContain('refreshToken')
    const sealed = { key: async () => key }
    // What is not sealed counts for nothing where a key is given.
    expect(await device(sealed).identity()).toMatchObject({ status: 'login_required' })
    await loginAs('ann', sealed)
    expect(device(sealed).keeps).toBe('sealed')
    const text = await readFile(path, 'utf8')
    for (const word of ['"ann"', 'refreshToken']) expect(text).not.toContain(word)
    expect(await device(sealed).identity()).toMatchObject({ identity: { subject: 'ann' } })
    await expect(device({ key: new Uint8Array(32).fill(8) }).identity()).rejects.toMatchObject({ reason: 'wrong_key' })
    await expect(device().identity()).rejects.toMatchObject({ reason: 'wrong_key' })
    // Nor does the right key open it as the login of another client.
    const another = { ...sealed, authorizationServer: { ...profile, clientId: 'another-cli' } }
    await copyFile(path, device(another).path)
    await expect(device(another).identity()).rejects.toMatchObject({ code: 'ERR_STORE', reason: 'moved' })
    await expect(device({ key: async () => 'short' }).identity()).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
  })

  for (const seal of [undefined, key]) {
    const over = seal === undefined ? {} : { key: seal }
    test(`renews, once for all processes; ${seal ? 'sealed' : 'unsealed'}`, async () => {
      const { device, loginAs, clock, refreshes } = await world()
      await loginAs('ann', over)
      for (let round = 1; round <= 2; round++) {
        clock.advance(3700)
        const all = await Promise.all([1, 2, 3].map(() => device(over).identity()))
        expect(all.map((one) => one.status)).toEqual(['verified', 'verified', 'verified'])
        expect(await refreshes()).toBe(round)
      }
    })

    test(`a logout during a renewal wins, and the new token is given back; ${seal ? 'sealed' : 'unsealed'}`, async () => {
      const { device, loginAs, clock, controls, path } = await world()
      await loginAs('ann', over)
      clock.advance(3700)
      let hasEnded = false
      // The issuer has answered, and nothing is written yet.
      const late: typeof fetch = async (input, init) => {
        const response = await fetch(input, init)
        if (!hasEnded && String(init?.body).includes('grant_type=refresh_token')) {
          hasEnded = true
          await device(over).logout()
        }
        return response
      }
      expect(await device({ ...over, fetch: late }).identity()).toMatchObject({ status: 'login_required' })
      expect(hasEnded).toBe(true)
      await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
      const revoked = (await controls.requests()).filter(({ endpoint }) => endpoint === 'revoke')
      expect(revoked).toHaveLength(2)
    })

    test(`a logout between the look and the write wins too; ${seal ? 'sealed' : 'unsealed'}`, async () => {
      const { device, loginAs, clock, profile, folder, path } = await world()
      await loginAs('ann', over)
      clock.advance(3700)
      const file = loginFile('trader', folder, basename(path, '.json'))
      let leaving: Promise<void> | undefined
      const slow: LoginFile = {
        ...file,
        async write(value) {
          leaving = device(over).logout()
          await new Promise((resolve) => setTimeout(resolve, 300))
          await file.write(value)
        },
      }
      const asked = { authorizationServer: profile, show: () => {}, resource: AGENT, clock, ...over }
      await createDeviceLogin({ ...asked, file: slow }).identity()
      await leaving
      await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
      expect(await device(over).identity()).toMatchObject({ status: 'login_required' })
    })

    test(`ends when the issuer ends it, and is no outage; ${seal ? 'sealed' : 'unsealed'}`, async () => {
      const { device, loginAs, clock, controls } = await world()
      await loginAs('ann', over)
      clock.advance(3700)
      await controls.fault('token', { status: 429 })
      await expect(device(over).identity()).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
      expect(await device(over).identity()).toMatchObject({ status: 'verified' })
      await controls.revokeRefreshTokens('ann')
      clock.advance(3700)
      expect(await device(over).identity()).toMatchObject({ status: 'login_required' })
      expect(await device(over).identity()).toMatchObject({ status: 'login_required' })
    })
  }

  test('who it is, an unsealed file does not decide: its tokens do', async () => {
    const { device, loginAs, path, clock } = await world()
    await loginAs('ann')
    const forge = async () => {
      const stored = JSON.parse(await readFile(path, 'utf8'))
      Object.assign(stored.login.identity, {
        subject: 'bob',
        claims: { roles: ['admin'] },
        acr: 'high',
        sessionId: 's',
      })
      await writeFile(path, JSON.stringify(stored))
    }
    await forge()
    const now = await device().identity()
    expect(now).toMatchObject({ identity: { subject: 'ann', claims: { roles: ['trader'] } } })
    await forge()
    clock.advance(3700)
    // The server renews ann's token, for what says it is bob.
    await expect(device().identity()).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    await loginAs('ann')
    const stored = JSON.parse(await readFile(path, 'utf8'))
    Object.assign(stored.login.identity, { acr: 'urn:forged', sessionId: 'forged' })
    await writeFile(path, JSON.stringify(stored))
    clock.advance(3700)
    const renewed = await device().identity()
    expect(renewed).toMatchObject({ status: 'verified', identity: { subject: 'ann' } })
    expect(JSON.stringify(renewed)).not.toContain('forged')
  })

  test('nor does an answer that does not say who it is', async () => {
    const { device, loginAs, path, clock, msw } = await world()
    const over = { resource: undefined, scopes: ['openid', 'offline_access'] }
    await loginAs('ann', over)
    const stored = JSON.parse(await readFile(path, 'utf8'))
    stored.login.identity.subject = 'bob'
    await writeFile(path, JSON.stringify(stored))
    clock.advance(3700)
    const silent = { access_token: 'opaque', token_type: 'Bearer', expires_in: 3600 }
    msw.use(http.post('https://tenant.behalf.example/oauth/token', () => HttpResponse.json(silent)))
    for (let tries = 0; tries < 3; tries++) {
      await expect(device(over).identity()).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN' })
    }
    expect(await device(over).identity()).toMatchObject({ status: 'login_required' })
  })

  test('logs out: here, and at the issuer', async () => {
    const { device, loginAs, path, controls } = await world()
    await loginAs('ann')
    await device().logout()
    expect(await stat(path).catch((error: NodeJS.ErrnoException) => error.code)).toBe('ENOENT')
    expect((await controls.requests()).filter(({ endpoint }) => endpoint === 'revoke')).toHaveLength(1)
    expect(await device().identity()).toMatchObject({ status: 'login_required' })
    await device().logout()
  })

  test('logs out of what it cannot read', async () => {
    const { device, loginAs, path } = await world()
    await loginAs('ann', { key })
    await device().logout()
    expect(await stat(path).catch((error: NodeJS.ErrnoException) => error.code)).toBe('ENOENT')
  })

  test('options that are wrong are refused before anything happens', async () => {
    const { device, profile, folder } = await world()
    for (const [over, name] of [
      [{ application: '../elsewhere' }, /application/],
      [{ application: '' }, /application/],
      [{ show: undefined }, /show/],
      [{ scopes: [] }, /scopes/],
      [{ authorizationServer: undefined }, /authorizationServer/],
      [{ secret: 1 }, /secret/],
      [{ authorizationServer: { ...profile, dpop: { thumbprint: 'x', proof: () => '', importable: false } } }, /dpop/],
    ] as const) {
      expect(() => device(over as never)).toThrow(name)
    }
    expect(await readdir(folder)).toEqual([])
  })
})

describe('the file of a login', () => {
  test('that others may read is not read', async () => {
    const { device, loginAs, path } = await world()
    await loginAs('ann')
    for (const mode of [0o640, 0o604, 0o620]) {
      await chmod(path, mode)
      await expect(device().identity()).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    }
    await chmod(path, 0o600)
    expect(await device().identity()).toMatchObject({ status: 'verified' })
  })

  test('lies in the user’s configuration folder', () => {
    expect(configurationFolder({ XDG_CONFIG_HOME: '/somewhere' })).toBe('/somewhere')
    expect(configurationFolder({ XDG_CONFIG_HOME: 'relative' })).toMatch(/\.config$/)
    expect(configurationFolder({})).toMatch(/\.config$/)
    expect(loginFile('trader', '/somewhere').path).toBe('/somewhere/trader/login.json')
  })

  test('closes a folder that others could look into', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'behalf-file-'))
    await mkdir(join(folder, 'trader'))
    await chmod(join(folder, 'trader'), 0o755)
    await loginFile('trader', folder).write(new TextEncoder().encode('one'))
    expect(await modeOf(join(folder, 'trader'))).toBe('700')
  })

  test('is replaced as a whole, and a link in its place is not written through', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'behalf-file-'))
    const file = loginFile('trader', folder)
    await file.write(new TextEncoder().encode('one'))
    const elsewhere = join(folder, 'elsewhere')
    await writeFile(elsewhere, 'untouched')
    await file.remove()
    await symlink(elsewhere, file.path)
    await file.write(new TextEncoder().encode('two'))
    expect(await readFile(elsewhere, 'utf8')).toBe('untouched')
    expect(await readFile(file.path, 'utf8')).toBe('two')
  })

  test('that cannot be read or written is a fault of ours, and leaves nothing behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'behalf-file-'))
    const file = loginFile('trader', folder)
    await mkdir(file.path, { recursive: true })
    await chmod(file.path, 0o700)
    const fault = { code: 'ERR_STORE', reason: 'unavailable', message: expect.stringContaining(file.path) }
    await expect(file.read()).rejects.toMatchObject(fault)
    await expect(file.write(new TextEncoder().encode('a secret'))).rejects.toMatchObject(fault)
    await expect(file.remove()).rejects.toMatchObject(fault)
    expect(await readdir(join(folder, 'trader'))).toEqual(['login.json'])
  })
})
