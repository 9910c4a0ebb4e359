import { describe, expect, test, vi } from 'vitest'
import { authorizeOnDevice, type DeviceCode } from '../../../src/sign-in/device-login/device-authorization.ts'

const answer = {
  device_code: 'a-device-code',
  user_code: 'WDJB-MJHT',
  verification_uri: 'https://issuer.example/device',
  expires_in: 600,
  interval: 1,
}

async function shownFor(over: object): Promise<DeviceCode | { readonly refused: string }> {
  const shown = vi.fn()
  const server = {
    requestCode: async () => ({ ...answer, ...over }),
    grant: async () => ({}),
  }
  // The login ends where the code has been shown.
  shown.mockImplementation(() => {
    throw new Error('shown')
  })
  const error: Error = await authorizeOnDevice(server, { show: shown }).then(
    () => new Error('was not shown'),
    (cause) => cause,
  )
  return shown.mock.calls[0]?.[0] ?? { refused: error.message }
}

describe('what a device shows its user', () => {
  test.each(['WDJB-MJHT', 'GTHP6PJ3W', '123-456-789', 'bcdf-ghjk'])('the user code %s is shown', async (userCode) => {
    expect(await shownFor({ user_code: userCode })).toMatchObject({ userCode })
  })

  test.each([
    'Call 0800 1234567',
    'Visit evil.example',
    'https://evil.example',
    'WDJB-MJHT now',
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    '-WDJB',
    'a_b',
    'ＷＤＪＢ',
  ])(
    'the user code “%s” is refused: a code is a few letters and digits, not a sentence or an address',
    async (userCode) => {
      expect(await shownFor({ user_code: userCode })).toEqual({ refused: expect.stringContaining('user code') })
    },
  )

  test.each([
    { verification_uri: 'https://login.example.com@evil.example/device' },
    { verification_uri: 'https://login.example.com:pass@evil.example/device' },
    { verification_uri_complete: 'https://login.example.com@evil.example/?user_code=WDJB-MJHT' },
  ])('an address with user information, which looks like that of another site, is refused: %o', async (over) => {
    expect(await shownFor(over)).toEqual({ refused: expect.stringContaining('verification address') })
  })

  test('an interval below one second is polled once a second', async () => {
    vi.useFakeTimers()
    try {
      const polls: number[] = []
      const startedAt = Date.now()
      const server = {
        requestCode: async () => ({ ...answer, interval: 0.0001 }),
        grant: async () => {
          polls.push(Date.now() - startedAt)
          return {}
        },
      }
      const login = authorizeOnDevice(server, { show: () => {} })
      await vi.advanceTimersByTimeAsync(3_000)
      await login
      expect(polls).toEqual([1_000])
    } finally {
      vi.useRealTimers()
    }
  })
})
