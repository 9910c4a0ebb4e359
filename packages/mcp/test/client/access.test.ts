import { get } from 'node:http'
import { login } from '@behalf/testing'
import { verifies } from '@behalf/testing/requirements'
import { auth, Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { employeeAccess, loopbackSignIn, type McpAccess, machineAccess } from '../../src/client/index.ts'
import { identityOf, mcpResourceServer, nodeHandler } from '../../src/server/index.ts'
import { openPort } from '../http-server.ts'
import { openWorld, type World } from '../world.ts'
import { issuer, servers, serverUrl } from './metadata-servers.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())
beforeEach(async () => {
  await world.target.reset()
  // Who calls, in the gate's own words.
  const mcp = createMcpHandler(({ authInfo }) => {
    const server = new McpServer({ name: 'x', version: '1' })
    const identity = identityOf({ authInfo: authInfo as never })
    server.registerTool('who', { inputSchema: z.object({}) }, async () => ({
      content: [
        {
          type: 'text',
          text: `${identity?.kind} ${identity?.clientId} ${identity?.kind === 'user' ? identity.subject : ''}`,
        },
      ],
    }))
    return server
  })
  const gate = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile })
  world.port.serve(nodeHandler(gate, mcp.fetch))
})

async function who(access: McpAccess, sdk: 'v1' | 'v2' = 'v2'): Promise<string> {
  const url = new URL(world.resource)
  const client = sdk === 'v2' ? new Client({ name: 'x', version: '1' }) : new ClientV1({ name: 'x', version: '1' })
  const Transport = sdk === 'v2' ? StreamableHTTPClientTransport : TransportV1
  await client.connect(new Transport(url, access as never) as never)
  onTestFinished(() => client.close())
  const { content } = await client.callTool({ name: 'who', arguments: {} })
  return (content as { text: string }[])[0]?.text ?? ''
}

const shared = () => ({ serverUrl: world.resource, issuer: world.target.authorizationServer.issuer })

describe('a machine', () => {
  test('with a secret', async () => {
    const access = machineAccess({ ...shared(), clientId: 'stock-mcp', clientSecret: 'stock-mcp-secret' })
    expect(await who(access)).toBe('agent stock-mcp ')
  })

  verifies('MCP-CLIENT-token-server', 'whose server redirects goes nowhere else', async () => {
    const elsewhere = await openPort()
    onTestFinished(() => elsewhere.close())
    const seen: string[] = []
    elsewhere.serve((request, response) => {
      seen.push(request.url ?? '')
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
    world.port.serve((_request, response) => response.writeHead(307, { location: `${elsewhere.origin}/mcp` }).end())
    const access = machineAccess({ ...shared(), clientId: 'stock-mcp', clientSecret: 'stock-mcp-secret' })
    await expect(who(access)).rejects.toThrow()
    // The SDK asks for no redirects by itself; clients that only take our fetch do not.
    const headers = { accept: 'application/json, text/event-stream' }
    expect((await access.fetch(world.resource, { method: 'POST', body: '{}', headers })).status).toBe(307)
    await expect(access.fetch(world.resource, { method: 'POST', body: '{}' })).rejects.toThrow('redirect')
    expect(seen).toEqual([])
    // Nor is an answer of elsewhere told as the server's, where a fetch of the app follows in spite of us.
    const fetch = (input: string | URL | Request, init?: RequestInit) =>
      globalThis.fetch(input, { ...init, redirect: 'follow' })
    const following = machineAccess({ ...shared(), clientId: 'stock-mcp', clientSecret: 'stock-mcp-secret', fetch })
    const call = { method: 'POST', body: '{}', headers }
    await expect(following.fetch(world.resource, call)).rejects.toThrow('redirect')
  })

  test('with a key', async () => {
    const access = machineAccess({ ...shared(), ...world.machine, algorithm: 'ES256' })
    expect(await who(access)).toBe('agent nightly ')
  })

  test('with the token of its platform sends it as a grant, with its id and no other credential, and asks for a new one each time', async () => {
    const { asked, fetch } = servers({}, { scopes_supported: undefined })
    let given = 0
    const workloadToken = async () => `platform-token-${++given}`
    const access = machineAccess({ serverUrl, issuer, clientId: 'nightly', workloadToken, scopes: ['c'], fetch })
    for (const scope of [undefined, 'a']) {
      const options = { serverUrl, fetchFn: access.fetch, ...(scope && { scope }) }
      expect(await auth(access.authProvider, options)).toBe('AUTHORIZED')
    }
    const [first, second] = asked.filter(({ url }) => url === `${issuer}/token`)
    expect(Object.fromEntries(new URLSearchParams(first?.body))).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: 'platform-token-1',
      client_id: 'nightly',
      scope: 'c',
      resource: serverUrl,
    })
    expect(first?.headers.get('authorization')).toBeNull()
    // The scopes that the server names come first, as with the machine's other credentials.
    expect(second?.body).toContain('assertion=platform-token-2&scope=a&')
  })

  test('whose platform’s token is refused fails with the server’s reason, and tries no other grant', async () => {
    const { asked, fetch: answers } = servers()
    const fetch = async (input: string | URL | Request, init?: RequestInit) => {
      const response = await answers(input, init)
      if (!asked.at(-1)?.url.endsWith('/token')) return response
      return Response.json({ error: 'invalid_grant', error_description: 'it expired' }, { status: 400 })
    }
    const access = machineAccess({ serverUrl, issuer, clientId: 'nightly', workloadToken: () => 'old', fetch })
    const refused = auth(access.authProvider, { serverUrl, fetchFn: access.fetch })
    await expect(refused).rejects.toThrow('it expired')
    for (const { body } of asked.filter(({ url }) => url.endsWith('/token'))) expect(body).toContain('jwt-bearer')
  })

  test.each([undefined, null, '', '\n', {}])(
    'whose platform gives %j as its token asks for no access',
    async (token) => {
      const { asked, fetch } = servers()
      const workloadToken = () => token as never
      const access = machineAccess({ serverUrl, issuer, clientId: 'nightly', workloadToken, fetch })
      const refused = auth(access.authProvider, { serverUrl, fetchFn: access.fetch })
      await expect(refused).rejects.toMatchObject({ code: 'ERR_CONFIGURATION', option: 'machineAccess.workloadToken' })
      expect(asked.filter(({ url }) => url.endsWith('/token'))).toEqual([])
    },
  )

  test('whose server leads to another issuer keeps its secret', async () => {
    const issuer = 'https://other.example'
    const access = machineAccess({ ...shared(), issuer, clientId: 'stock-mcp', clientSecret: 'stock-mcp-secret' })
    await expect(who(access)).rejects.toThrow(/mismatch|issuer/i)
    const asked = await world.target.authorizationServer.controls.requests()
    expect(asked.filter(({ endpoint }) => endpoint === 'token')).toHaveLength(0)
  })

  test.each([
    ['an unknown option', { secret: 'x' }],
    ['no credentials', { clientSecret: undefined, privateKey: undefined }],
    ['a platform’s token that is no function', { workloadToken: 'a-token' }],
    ['a server that is no address', { serverUrl: 'x', clientSecret: 's' }],
    ['a server over plain http', { serverUrl: 'http://mcp.example/mcp', clientSecret: 's' }],
    ['an issuer over plain http', { issuer: 'http://as.example', clientSecret: 's' }],
    ['an invalid time', { timeoutMs: -1, clientSecret: 's' }],
  ])('%s', (_name, over) => {
    expect(() => machineAccess({ ...shared(), clientId: 'x', ...over } as never)).toThrow(/machineAccess/)
  })
})

describe('an employee', () => {
  const access = (over: Partial<Parameters<typeof employeeAccess>[0]['identityProvider']> = {}, idToken = '') => {
    const { agent } = world.target.clients
    const { clientSecret } = agent.authentication as { readonly clientSecret: string }
    return employeeAccess({
      ...shared(),
      clientId: agent.clientId,
      clientSecret,
      scopes: ['mcp:tools'],
      identityProvider: {
        issuer: world.target.enterprise?.issuer ?? '',
        clientId: agent.clientId,
        clientSecret,
        idToken: () => idToken,
        ...over,
      },
    })
  }

  test('is asserted by the employer, without a page, on either SDK', async () => {
    const { enterprise } = world.target
    if (enterprise === undefined) throw new TypeError('the sandbox has an employer')
    const { idToken } = await login({ ...world.target, authorizationServer: enterprise }, { user: 'emp-7' })
    expect(await who(access({}, idToken))).toBe('user stock-agent ann')
    expect(await who(access({}, idToken), 'v1')).toBe('user stock-agent ann')
  })

  test('keeps the id_token that it was made with, where the app fills in the same objects for the next employee', async () => {
    const { enterprise } = world.target
    if (enterprise === undefined) throw new TypeError('the sandbox has an employer')
    const { idToken } = await login({ ...world.target, authorizationServer: enterprise }, { user: 'emp-7' })
    const { agent } = world.target.clients
    const { clientSecret } = agent.authentication as { readonly clientSecret: string }
    const own = { clientId: agent.clientId, clientSecret }
    const identityProvider = { ...own, issuer: enterprise.issuer, idToken: () => idToken ?? '' }
    const anns = employeeAccess({ ...shared(), ...own, scopes: ['mcp:tools'], identityProvider })
    identityProvider.idToken = () => expect.unreachable('another employee was asked')
    expect(await who(anns)).toBe('user stock-agent ann')
  })

  test('gets the scopes of the app, whatever others the MCP server names', async () => {
    const { enterprise } = world.target
    if (enterprise === undefined) throw new TypeError('the sandbox has an employer')
    const { idToken } = await login({ ...world.target, authorizationServer: enterprise }, { user: 'emp-7' })
    const handler = createMcpHandler(() => new McpServer({ name: 'x', version: '1' })).fetch
    const scopes = ['mcp:tools', 'mcp:trade']
    const gate = mcpResourceServer({
      resource: world.resource,
      authorizationServer: world.profile,
      metadata: { scopes },
      tools: { who: {} },
    })
    const granted: (readonly string[])[] = []
    world.port.serve(
      nodeHandler(gate, async (request, given) => {
        granted.push(given.authInfo?.scopes ?? [])
        return handler(request, given as never)
      }),
    )
    const client = new Client({ name: 'x', version: '1' })
    onTestFinished(() => client.close())
    await client.connect(new StreamableHTTPClientTransport(new URL(world.resource), access({}, idToken)))
    expect(new Set(granted.flat())).toEqual(new Set(['mcp:tools']))
  })

  test('whose id_token does not verify is refused', async () => {
    await expect(who(access({}, 'eyJhbGciOiJub25lIn0.e30.'))).rejects.toThrow()
  })

  test('an unknown option of the identity provider', () => {
    expect(() => access({ token: 'x' } as never)).toThrow(/employeeAccess/)
  })
})

/** As a browser asks that was led here by another name. */
function statusFor(host: string, url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }).once('error', reject)
  })
}

describe('a browser that comes back to this machine', () => {
  test('is awaited, and only under its own name and path', async () => {
    const opened: URL[] = []
    const browser = await loopbackSignIn({ open: (url) => void opened.push(url) })
    onTestFinished(() => browser.close())
    await browser.show(new URL('https://as.example/authorize?state=s'))
    const coming = browser.callback()
    const { host } = new URL(browser.redirectUri)
    expect(await statusFor('evil.example', `${browser.redirectUri}?code=evil&state=s`)).toBe(404)
    expect((await fetch(`http://${host}/other?state=x`)).status).toBe(404)
    expect((await fetch(browser.redirectUri)).status).toBe(404)
    const page = await fetch(`${browser.redirectUri}?code=c&state=s`)
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(await page.text()).toBe('You can close this page, and go back to the app.')
    expect((await coming).searchParams.get('code')).toBe('c')
    expect(opened).toHaveLength(1)
  })

  test('says on its page that the sign-in failed, if the server refused', async () => {
    const browser = await loopbackSignIn({ open: () => {} })
    onTestFinished(() => browser.close())
    await browser.show(new URL('https://as.example/authorize?state=s'))
    const page = await fetch(`${browser.redirectUri}?error=access_denied&state=s`)
    expect(await page.text()).toBe('The sign-in failed. You can close this page: the app says why.')
  })

  test('is not awaited for ever, and not after an abort', async () => {
    const browser = await loopbackSignIn({ open: () => {}, timeoutSeconds: 0.05 })
    onTestFinished(() => browser.close())
    await expect(browser.callback()).rejects.toMatchObject({ problem: 'timed_out' })
    const stopped = await loopbackSignIn({ open: () => {}, signal: AbortSignal.abort(new Error('stop')) })
    onTestFinished(() => stopped.close())
    await expect(stopped.callback()).rejects.toThrow('stop')
  })
})
