import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { type DeviceServer, deviceSignIn } from '../../src/client/sign-in/device-sign-in.ts'

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
    metadata: { issuer: 'https://as.example' },
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

verifies(
  'MCP-CLIENT-resource',
  'a login by another device names the server, when it asks and when it polls',
  async () => {
    const sent: (string | null)[] = []
    const fetch: DeviceServer['fetch'] = async (input, init) => {
      sent.push(new URLSearchParams(String(init?.body)).get('resource'))
      return Response.json(String(input).endsWith('/device') ? code : { access_token: 't', token_type: 'Bearer' })
    }
    await signIn({}, { fetch })
    expect(sent).toEqual(['https://mcp.example/mcp', 'https://mcp.example/mcp'])
  },
)

test.each([0, -5])('an interval of %i is no answer', async (interval) => {
  expect((await signIn({ interval })).ended).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
})

test('an interval that no timer can wait is not none', async () => {
  const { polls, ended } = await signIn({ interval: 1e10, expires_in: 4e9 })
  expect(polls()).toBe(0)
  expect(ended).toMatchObject({ name: 'SignInError', problem: 'timed_out' })
})

describe('what a token endpoint answers', () => {
  const polled = (answer: () => Response) =>
    signIn({}, { fetch: async (input) => (String(input).endsWith('/device') ? Response.json(code) : answer()) })
  const refused = (error: string, status = 400) => Response.json({ error, error_description: 'evil text' }, { status })

  test.each([
    ['the user refused', () => refused('access_denied'), { name: 'SignInError', problem: 'refused' }],
    ['the code ran out', () => refused('expired_token'), { name: 'SignInError', problem: 'timed_out' }],
    ['another refusal', () => refused('invalid_grant'), { code: 'ERR_OAUTH_RESPONSE', error: 'invalid_grant' }],
    ['invalid tokens', () => Response.json({ token: 't' }), { code: 'ERR_INVALID_RESPONSE' }],
    ['a page', () => new Response('<html>'), { code: 'ERR_INVALID_RESPONSE' }],
  ])('%s', async (_name, answer, ended) => {
    const result = await polled(answer)
    expect(result.ended).toMatchObject(ended)
    expect(String((result.ended as Error).message)).not.toContain('evil')
  })

  test.each([429, 502])('%i does not end a login that the user is in the middle of', async (status) => {
    const { ended } = await polled(() => new Response(null, { status }))
    // Still waiting when the test's own patience ends.
    expect(ended).toMatchObject({ name: 'TimeoutError' })
  })
})
