import { describe, expect, test } from 'vitest'
import { type DeviceServer, deviceSignIn } from '../src/client/device-sign-in.ts'

const code = {
  device_code: 'd',
  user_code: 'ABCD-EFGH',
  verification_uri: 'https://as.example/device',
  expires_in: 600,
  interval: 1,
}

/** A server that answers so to the request for a code, and has the tokens at the first poll. */
async function signIn(over: object, place: Partial<DeviceServer> = {}) {
  const shown: object[] = []
  let polls = 0
  const server: DeviceServer = {
    deviceEndpoint: 'https://as.example/device',
    tokenEndpoint: 'https://as.example/token',
    metadata: {},
    client: { client_id: 'c' },
    resource: 'https://mcp.example/mcp',
    scope: undefined,
    allowLoopback: false,
    fetch: async (input) => {
      if (String(input).endsWith('/device')) return Response.json({ ...code, ...over })
      polls++
      return Response.json({ access_token: 't', token_type: 'Bearer' })
    },
    ...place,
  }
  const ended = deviceSignIn(server, (one) => void shown.push(one), AbortSignal.timeout(1500))
  return { shown, polls: () => polls, ended: await ended.catch((error: unknown) => error) }
}

describe('what a server sends for a person to see', () => {
  test('a code and a page', async () => {
    const { shown, ended } = await signIn({})
    expect(shown).toMatchObject([{ userCode: 'ABCD-EFGH', verificationUri: 'https://as.example/device' }])
    expect(ended).toMatchObject({ access_token: 't' })
  })

  test.each([
    ['an escape sequence', { user_code: 'A\u001b[2J' }],
    ['another direction of writing', { user_code: 'AB\u202eCD' }],
    ['a line break', { user_code: 'AB\nCD' }],
    ['nothing', { user_code: '' }],
    ['a page that runs', { verification_uri: 'javascript:alert(1)' }],
    ['a page over plain http', { verification_uri: 'http://as.example/device' }],
    ['such a page with the code in it', { verification_uri_complete: 'http://as.example/device?c=A' }],
    ['a page of this machine', { verification_uri: 'http://127.0.0.1:1/device' }],
  ])('%s is not shown', async (_name, over) => {
    const { shown, ended } = await signIn(over)
    expect(shown).toEqual([])
    expect(ended).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })

  test('a page of this machine is, where the MCP server is', async () => {
    const { shown } = await signIn({ verification_uri: 'http://127.0.0.1:1/device' }, { allowLoopback: true })
    expect(shown).toHaveLength(1)
  })
})

test.each([0, -5])('an interval of %i is a second', async (interval) => {
  const before = performance.now()
  await signIn({ interval })
  expect(performance.now() - before).toBeGreaterThan(900)
})

test('an interval that no timer can wait is not none', async () => {
  const { polls } = await signIn({ interval: 1e10, expires_in: 1e12 })
  expect(polls()).toBe(0)
})
