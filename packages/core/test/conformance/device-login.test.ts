import { type MockServers, startMockServers } from '@behalf/testing'
import { verifies } from '@behalf/testing/requirements'
import { HttpResponse, http } from 'msw'
import { afterEach, beforeEach, describe, expect, onTestFinished, vi } from 'vitest'
import { oidc } from '../../src/oauth/profiles/oidc.ts'
import { readDeviceAuthorization } from '../../src/oauth/wire.ts'
import { createDeviceLogin } from '../../src/sign-in/device-login/create-device-login.ts'
import {
  authorizeOnDevice,
  type DevicePrompt,
  pollDevice,
} from '../../src/sign-in/device-login/device-authorization.ts'
import { approved, authorization, deviceServer, lost, memoryFile, refusal } from '../unit/sign-in/device-server.ts'
import { ciba, quickPolls } from '../unit/sign-in/quick-polls.ts'

const clock = { now: () => Date.now() }
const ENDPOINT = 'https://tenant.behalf.example/oauth/device/code'

/** Runs to its end in fake time. */
async function ended<T>(work: Promise<T>): Promise<T | Error> {
  let isOver = false
  const settled = work
    .catch((error: Error) => error)
    .finally(() => {
      isOver = true
    })
  for (let second = 0; second < 1000 && !isOver; second++) await vi.advanceTimersByTimeAsync(1000)
  return settled
}

async function login(servers: MockServers) {
  const shown: DevicePrompt[] = []
  const device = createDeviceLogin({
    authorizationServer: oidc({ issuer: servers.authorizationServer.issuer, clientId: 'stock-cli' }),
    show: (prompt) => void shown.push(prompt),
    scopes: ['openid', 'offline_access', 'chat'],
    resource: 'https://agent.behalf.example/',
    file: memoryFile(),
  })
  return { device, shown }
}

async function servers() {
  quickPolls()
  const made = await startMockServers({ algorithm: 'ES256', ciba })
  onTestFinished(() => made.close())
  return made
}

describe('RFC 8628: the request and its answer', () => {
  verifies('RFC8628-3.1-request', 'client and scope, and where the tokens shall be for', async () => {
    const made = await servers()
    const { device } = await login(made)
    const controller = new AbortController()
    const waiting = device.login({ signal: controller.signal }).catch((error: unknown) => error)
    await vi.waitFor(async () => {
      const [asked] = (await made.authorizationServer.controls.requests()).filter(
        ({ endpoint }) => endpoint === 'device-authorization',
      )
      expect(asked?.parameters).toMatchObject({ client_id: 'stock-cli', scope: 'openid offline_access chat' })
      expect(asked?.parameters.resource).toBe('https://agent.behalf.example/')
    })
    controller.abort()
    expect(await waiting).toMatchObject({ name: 'AbortError' })
  })

  verifies('RFC8628-3.3-display', 'code and address are shown, before anything is polled', async () => {
    const made = await servers()
    const { device, shown } = await login(made)
    const waiting = device.login()
    await vi.waitFor(() => expect(shown).toHaveLength(1))
    expect(shown[0]).toMatchObject({
      userCode: expect.stringMatching(/^[A-Z]{4}-[A-Z]{4}$/),
      verificationUri: expect.stringMatching(/^https:/),
      keeps: 'unsealed',
    })
    await made.authorizationServer.controls.approveDevice(shown[0]?.userCode ?? '', 'ann')
    expect(await waiting).toMatchObject({ status: 'verified', identity: { subject: 'ann', clientId: 'stock-cli' } })
  })

  verifies('RFC8628-3.3.1-complete', 'the code stands beside the complete address', async () => {
    const made = await servers()
    const { device, shown } = await login(made)
    const waiting = device.login()
    await vi.waitFor(() => expect(shown).toHaveLength(1))
    const { userCode = '', verificationUriComplete } = shown[0] ?? {}
    expect(verificationUriComplete).toContain(userCode)
    await made.authorizationServer.controls.denyDevice(userCode)
    expect(await waiting).toEqual({ status: 'denied' })
  })

  const whole = {
    device_code: 'd',
    user_code: 'u',
    verification_uri: 'https://issuer.example/device',
    expires_in: 60,
  }
  for (const name of Object.keys(whole)) {
    verifies('RFC8628-3.2-response', `${name} is missing`, async () => {
      const made = await servers()
      const { device, shown } = await login(made)
      made.msw.use(http.post(ENDPOINT, () => HttpResponse.json({ ...whole, [name]: undefined })))
      await expect(device.login()).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
      expect(shown).toEqual([])
    })
  }

  verifies('RFC8628-3.1-https', 'an endpoint in the clear gets no request', async () => {
    const made = await servers()
    const { device } = await login(made)
    const metadata = 'https://tenant.behalf.example/.well-known/openid-configuration'
    const known = (await (await fetch(metadata)).json()) as object
    const clear = { ...known, device_authorization_endpoint: 'http://tenant.behalf.example/oauth/device/code' }
    made.msw.use(http.get(metadata, () => HttpResponse.json(clear)))
    await expect(device.login()).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })

  for (const [what, wrong] of [
    ['a script for an address', { verification_uri: 'javascript:alert(1)' }],
    ['an address in the clear', { verification_uri: 'http://issuer.example/device' }],
    ['a complete address of another kind', { verification_uri_complete: 'file:///etc/passwd' }],
    ['a code with an escape sequence', { user_code: 'AB\u001b[2J' }],
    ['a code with a line break', { user_code: 'AB\nCD' }],
  ] as const) {
    verifies('RFC8628-3.3-display', `${what} is not shown`, async () => {
      const made = await servers()
      const { device, shown } = await login(made)
      made.msw.use(http.post(ENDPOINT, () => HttpResponse.json({ ...whole, ...wrong })))
      await expect(device.login()).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
      expect(shown).toEqual([])
    })
  }
})

describe('RFC 8628: polling', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  verifies('RFC8628-3.4-request', 'the device code, by its grant', async () => {
    const { server, forms } = deviceServer()
    const answer = await ended(
      pollDevice(server, authorization, { clock, resource: { resource: 'https://api.example' } }),
    )
    expect(answer).toEqual({ status: 'approved', response: approved })
    expect(forms).toEqual([{ device_code: 'a-device-code', resource: 'https://api.example' }])
  })

  verifies('RFC8628-3.4-request', 'and says who the client is, on the wire', async () => {
    vi.useRealTimers()
    const made = await servers()
    const { device, shown } = await login(made)
    const waiting = device.login()
    await vi.waitFor(() => expect(shown).toHaveLength(1))
    await made.authorizationServer.controls.approveDevice(shown[0]?.userCode ?? '', 'ann')
    await waiting
    const polls = (await made.authorizationServer.controls.requests()).filter(({ endpoint }) => endpoint === 'token')
    expect(polls.at(-1)?.parameters).toMatchObject({
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: 'stock-cli',
      device_code: expect.any(String),
    })
  })

  verifies('RFC8628-3.5-interval', 'the first poll waits as well', async () => {
    const { server, polls } = deviceServer(refusal('authorization_pending'))
    await ended(pollDevice(server, { ...authorization, interval: 7 }, { clock }))
    expect(polls).toEqual([7, 14])
  })

  verifies('RFC8628-3.2-interval', 'five seconds where nothing is said', async () => {
    const answer = { device_code: 'd', user_code: 'u', verification_uri: 'https://issuer.example/d', expires_in: 60 }
    expect(readDeviceAuthorization(answer).interval).toBe(5)
  })

  verifies('RFC8628-3.5-pending', 'on and on', async () => {
    const { server, polls } = deviceServer(...Array.from({ length: 4 }, () => refusal('authorization_pending')))
    expect(await ended(pollDevice(server, authorization, { clock }))).toMatchObject({ status: 'approved' })
    expect(polls).toEqual([5, 10, 15, 20, 25])
  })

  verifies('RFC8628-3.5-slow_down', 'five more seconds each, for good', async () => {
    const pending = refusal('authorization_pending')
    const { server, polls } = deviceServer(refusal('slow_down'), pending, refusal('slow_down'), pending)
    await ended(pollDevice(server, authorization, { clock }))
    expect(polls).toEqual([5, 15, 25, 40, 55])
  })

  verifies('RFC8628-3.5-slow_down', 'a Retry-After that is longer is waited for, once', async () => {
    const pending = refusal('authorization_pending')
    const { server, polls } = deviceServer(refusal('slow_down', 30), pending, pending)
    await ended(pollDevice(server, authorization, { clock }))
    expect(polls).toEqual([5, 35, 45, 55])
  })

  verifies('RFC8628-3.5-timeout', 'twice as long after each, and on', async () => {
    const { server, polls } = deviceServer(lost(), lost(), refusal('authorization_pending'))
    expect(await ended(pollDevice(server, authorization, { clock }))).toMatchObject({ status: 'approved' })
    expect(polls).toEqual([5, 15, 35, 55])
  })

  verifies('RFC8628-3.5-timeout', 'makes a slow one no faster', async () => {
    const { server, polls } = deviceServer(lost())
    await ended(pollDevice(server, { ...authorization, interval: 200 }, { clock }))
    expect(polls).toEqual([200, 400])
  })

  verifies('RFC8628-3.5-interval', 'is a second at least, whatever the server says', async () => {
    const { server, polls } = deviceServer(refusal('authorization_pending'))
    await ended(pollDevice(server, { ...authorization, interval: 0.001 }, { clock }))
    expect(polls).toEqual([1, 2])
  })

  verifies('RFC8628-3.5-expired', 'an interval that no timer can wait is not none', async () => {
    const { server, polls } = deviceServer()
    const endless = { ...authorization, expiresIn: 1e12, interval: 1e10 }
    expect(await ended(pollDevice(server, endless, { clock }))).toEqual({ status: 'expired' })
    expect(polls).toEqual([])
  })

  for (const error of ['invalid_grant', 'invalid_client', 'unauthorized_client', 'something_new']) {
    verifies('RFC8628-3.5-stop', error, async () => {
      const { server, polls } = deviceServer(refusal(error))
      expect(await ended(pollDevice(server, authorization, { clock }))).toMatchObject({ error })
      expect(polls).toEqual([5])
    })
  }

  verifies('RFC8628-3.5-denied', 'is an answer', async () => {
    const { server, polls } = deviceServer(refusal('access_denied'))
    expect(await ended(pollDevice(server, authorization, { clock }))).toEqual({ status: 'denied' })
    expect(polls).toEqual([5])
  })

  verifies('RFC8628-3.5-expired', 'as the server says', async () => {
    const { server, polls } = deviceServer(refusal('expired_token'))
    expect(await ended(pollDevice(server, authorization, { clock }))).toEqual({ status: 'expired' })
    expect(polls).toEqual([5])
  })

  verifies('RFC8628-3.5-expired', 'by its life time, with no poll after it', async () => {
    const pending = Array.from({ length: 20 }, () => refusal('authorization_pending'))
    const { server, polls } = deviceServer(...pending)
    expect(await ended(pollDevice(server, { ...authorization, expiresIn: 17 }, { clock }))).toEqual({
      status: 'expired',
    })
    expect(polls).toEqual([5, 10, 15])
  })

  verifies('RFC8628-3.5-interval', 'an abort ends the wait at once', async () => {
    const { server, polls } = deviceServer()
    const controller = new AbortController()
    const waiting = pollDevice(server, authorization, { clock, signal: controller.signal }).catch(
      (error: Error) => error,
    )
    controller.abort()
    expect(await waiting).toMatchObject({ name: 'AbortError' })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(polls).toEqual([])
  })
})

describe('RFC 8628, for a client that makes its requests itself', () => {
  const code = {
    device_code: 'd',
    user_code: 'BCDF-GHJK',
    verification_uri: 'https://issuer.example/d',
    expires_in: 60,
  }
  const options = { show: () => {}, clock }

  verifies('RFC8628-3.3-display', 'a page of this machine only where that is said', async () => {
    const local = { ...code, verification_uri: 'http://127.0.0.1:1/d' }
    const controller = new AbortController()
    const server = { ...deviceServer().server, requestCode: async () => local }
    await expect(authorizeOnDevice(server, options)).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    const show = () => controller.abort(new Error('shown'))
    const { signal } = controller
    await expect(authorizeOnDevice(server, { ...options, show, allowLoopback: true, signal })).rejects.toThrow('shown')
  })

  verifies('RFC8628-3.2-response', 'an invalid answer gives no code', async () => {
    const server = { ...deviceServer().server, requestCode: async () => ({ ...code, expires_in: 'soon' }) }
    await expect(authorizeOnDevice(server, options)).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })

  verifies('RFC8628-3.1-request', 'an option that is not known is refused before any request', async () => {
    const server = { ...deviceServer().server, requestCode: async () => expect.unreachable() }
    const wrong = { ...options, loopback: true } as never
    await expect(authorizeOnDevice(server, wrong)).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
  })
})
