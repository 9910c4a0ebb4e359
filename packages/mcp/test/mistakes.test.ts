// A newcomer reads these sentences: docs/mistakes.md shows each one, and the code says it.
import { readFileSync } from 'node:fs'
import {
  createGuard,
  type DefinedTool,
  defineTool,
  may,
  memoryStore,
  object,
  resource,
  verifyAccessToken,
} from '@behalf/core'
import { explainOutcome } from '@behalf/core/audit'
import { ciba } from '@behalf/core/ciba'
import { openFga } from '@behalf/core/fga'
import { entra, oidc } from '@behalf/core/providers'
import { roleMap } from '@behalf/core/roles'
import { runDoctor } from '@behalf/sandbox'
import { login, mockTarget, profileOf, signIn } from '@behalf/testing'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { McpServer } from '@modelcontextprotocol/server'
import { afterAll, expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, mcpResourceServer, nodeHandler, toMcpTools } from '../src/server/index.ts'

const page = readFileSync(new URL('../../../docs/mistakes.md', import.meta.url), 'utf8')
const target = await mockTarget()
afterAll(() => target.close())
const { issuer } = target.authorizationServer
const profile = profileOf(target, target.clients.agent)
const identity = await signIn(target, { user: 'ann' })
const tokens = await login(target, { user: 'ann' })
const API = 'https://api.stocktrade.example/'
const trade = { trade: resource(API, { scopes: ['trade:write'] }) }
const asks = { approval: { message: () => 'Buy' } }

// Most mistakes are errors of types, too: here they are made all the same.
type Loose = Record<string, unknown>
const faults: { readonly message?: string }[] = []
const guardWith = (over: Loose = {}) =>
  createGuard({
    authorizationServer: profile,
    agent: { name: 'agent:trader', ceiling: ['trade:write'] },
    approvals: ciba(),
    onFault: (fault: { readonly message?: string }) => faults.push(fault),
    ...over,
  } as never)
const toolWith = (over: Loose) =>
  defineTool({
    name: 'buy',
    description: 'Buys.',
    input: z.strictObject({}),
    run: () => 'bought',
    ...over,
  } as never) as DefinedTool
const callOf = async (over: Loose, guard = guardWith(), call: Loose = {}) =>
  explainOutcome(await guard.run(toolWith(over), { slot: crypto.randomUUID(), input: {}, identity, ...call } as never))
const verified = (token: string, over: Loose = {}) =>
  verifyAccessToken(token, {
    authorizationServer: profile,
    audience: 'https://agent.behalf.example/',
    ...over,
  } as never)
const gateAt = (resource: string) => mcpResourceServer({ resource, authorizationServer: profile })
const later = { now: () => Date.now() + 3 * 86_400_000 }

const mistakes: Readonly<Record<string, readonly [() => unknown, string]>> = {
  'a misspelt option': [
    () => guardWith({ aprovals: ciba() }),
    'createGuard.aprovals: is not an option here; there are',
  ],
  'an empty secret': [
    () => oidc({ issuer, clientId: 'agent', clientSecret: '' }),
    'oidc.clientSecret: give a non-empty string',
  ],
  'a tool without a policy': [
    () =>
      guardTools({ buy: { inputSchema: z.strictObject({}), execute: () => 'x' } }, {
        guard: guardWith(),
        policies: {},
      } as never),
    'guardTools.policies.buy: is missing: give policy(…) or publicTool(…)',
  ],
  'a wrong seal key': [
    () => guardWith({ store: memoryStore(), keys: { seal: ['abc'], index: 'abc' } }),
    'keys.seal[0]: has 2 bytes; give 32 random ones, as Uint8Array or base64url (node -p ',
  ],
  'ciba() at Entra': [
    () =>
      guardWith({
        authorizationServer: entra({ tenantId: crypto.randomUUID(), clientId: 'a', clientSecret: 's' } as never),
      }),
    'has no backchannel authentication: use another channel, such as inAppApprovals()',
  ],
  'a body that fetches another origin': [
    () =>
      callOf({
        access: trade,
        run: (_: object, { access }: { access: { trade: { fetch(url: string): unknown } } }) =>
          access.trade.fetch('https://evil.example/'),
      }),
    'the credential trade does not go to "https://evil.example", only to https://api.stocktrade.example',
  ],
  'a wrong claim for roles': [
    () => callOf({ access: trade }, guardWith({ roles: roleMap({ claim: 'groups', scopes: { a: ['trade:write'] } }) })),
    'the token has no claim groups',
  ],
  'http: on loopback': [
    () => oidc({ issuer: 'http://127.0.0.1:4401', clientId: 'a', clientSecret: 's' }),
    'oidc.issuer: must be https (http: to loopback only, and with [allowInsecureLoopback]: true)',
  ],
  'an issuer with another slash, in doctor': [
    async () => JSON.stringify(await runDoctor({ issuer: issuer.replace(/\/$/, ''), clientId: 'agent' } as never)),
    'Write it exactly like that, with the slash at its end',
  ],
  'a scope outside the ceiling': [
    () => guardWith().check([toolWith({ access: { trade: resource(API, { scopes: ['trade:all'] }) } })]),
    'trade needs trade:all, which agent.ceiling does not list',
  ],
  'a wrong secret': [
    () => callOf(asks, guardWith({ authorizationServer: oidc({ issuer, clientId: 'agent', clientSecret: 'wrong' }) })),
    'the authorization server answered "invalid_client"',
  ],
  'an expired token': [() => verified(tokens.accessToken, { clock: later }), 'the token expired at'],
  'z.object, which drops fields': [
    () => callOf({ input: z.object({}) }, guardWith(), { input: { extra: 1 } }),
    'the schema silently drops $.extra: use z.strictObject',
  ],
  'one MCP tool twice': [
    () => toMcpTools(guardWith(), [toolWith({}), toolWith({})]),
    'toMcpTools.tools.buy: is there twice',
  ],
  'an MCP handler in place of its fetch': [
    () => nodeHandler(gateAt('https://mcp.example/mcp'), { fetch: () => new Response() } as never),
    'mcpResourceServer.handle: give a function, such as `fetch` of createMcpHandler(…)',
  ],
  'gate and handler in the wrong order': [
    () => nodeHandler((() => new Response()) as never, gateAt('https://mcp.example/mcp') as never),
    'nodeHandler.gate: give what mcpResourceServer returned',
  ],
  'one MCP tool registered twice': [
    () => {
      const tools = toMcpTools(guardWith(), [toolWith({})])
      const server = new McpServer({ name: 's', version: '1' }, tools.serverOptions)
      for (const _ of [1, 2]) tools.register(server)
    },
    'Tool buy is already registered',
  ],
  'an ID token as an access token': [
    () => verified(tokens.idToken ?? ''),
    'the token\'s type (typ) "jwt" is not "at+jwt": give an access token where one is expected',
  ],
  'a wrong audience': [
    () => verified(tokens.accessToken, { audience: 'https://wrong.example' }),
    'the token\'s audience "https://agent.behalf.example/" is not "https://wrong.example"',
  ],
  'an issuer with another slash': [
    () =>
      verified(tokens.accessToken, {
        authorizationServer: oidc({ issuer: issuer.replace(/\/$/, ''), clientId: 'a', clientSecret: 's' }),
      }),
    'the token\'s issuer "https://tenant.behalf.example/" is not "https://tenant.behalf.example"',
  ],
  'a missing channel': [
    () => guardWith({ approvals: undefined }).check([toolWith(asks)]),
    'this guard cannot serve buy: asks a person: give createGuard `approvals`, such as ciba()',
  ],
  'a token as the identity': [
    () => callOf({}, guardWith(), { identity: tokens.accessToken }),
    'no verification of @behalf/core returned this identity',
  ],
  'a promise as the identity': [
    () => callOf({}, guardWith(), { identity: Promise.resolve(identity) }),
    'returned this identity: await the promise',
  ],
  'a writing tool without effect': [
    () => JSON.stringify(guardWith().check([toolWith({})])),
    "`effect` is missing: a repeated call runs again; write 'read' or 'write'",
  ],
  'milliseconds for seconds': [
    () => toolWith({ wait: { maxSeconds: 60_000 } }),
    'policy.wait.maxSeconds: is 60000; give 0.001 to 3600 seconds',
  ],
  'a message of characters that the server refuses': [
    () => callOf({ approval: { message: () => 'Buy for $5' } }),
    'approval.message: the authorization server answered "invalid_binding_message"',
  ],
  'details of a wrong type': [
    () => callOf({ approval: { message: () => 'Buy', details: () => [{ type: 'nonsense' }] } }),
    'approval.details: the authorization server answered "invalid_authorization_details" ("unknown type for this target: nonsense")',
  ],
  'a wrong FGA store': [
    () => {
      const { apiUrl, authorizationModelId, apiToken: token } = target.openFga
      const storeId = '01HXXXXXXXXXXXXXXXXXXXXXXX'
      const fga = openFga({ apiUrl, storeId, authorizationModelId, credentials: { method: 'apiToken', token } })
      return callOf(
        { permission: () => may('can_view', object('portfolio', 'p-ann')) },
        guardWith({ permissions: fga }),
      )
    },
    'check authorizationModelId, and that storeId is the store which has this model',
  ],
  'a clock that is an hour slow': [
    () => guardWith({ store: memoryStore(), clock: { now: () => Date.now() - 3_600_000 } }).ready(),
    "s behind the store's, and at most 30 s are tolerated: set both by NTP",
  ],
  'a rule of the app that throws': [
    () =>
      callOf({
        approval: {
          message: () => {
            throw new TypeError('symbol is undefined')
          },
        },
      }),
    'the rule approval.message threw TypeError: symbol is undefined',
  ],
  'a misspelt tool in the gate of an MCP server': [
    () =>
      mcpResourceServer({
        resource: 'https://mcp.example.com/mcp',
        authorizationServer: profile,
        scopes: ['mcp'],
        guarded: toMcpTools(guardWith(), [toolWith({})]),
        tools: { bye: { scopes: ['trade'] } },
      }),
    'mcpResourceServer.tools.bye: is not one of the guarded tools, which are buy',
  ],
  'an McpServer without serverOptions': [
    () => toMcpTools(guardWith(), [toolWith({})]).register(new McpServer({ name: 's', version: '1' })),
    'the server does not check `requestState`: make it by `new McpServer(info, guarded.serverOptions)`',
  ],
  'an McpServer of the v1 SDK': [
    () => toMcpTools(guardWith(), [toolWith({})]).register(new ServerV1({ name: 's', version: '1' }) as never),
    'guarded.register: got an McpServer of the v1 SDK: use @behalf/mcp/v1 for it',
  ],
  'settings in place of a profile': [
    () =>
      mcpResourceServer({
        resource: 'https://mcp.example.com/mcp',
        authorizationServer: target.authorizationServer,
      } as never),
    'mcpResourceServer.authorizationServer: give a profile such as auth0({ … }) or oidc({ … })',
  ],
  'one scope that is no list': [
    () => toolWith({ callerScopes: 'mcp:trade' }),
    'callerScopes: give an array of at least one scope',
  ],
  'a Date as the result of a write': [
    () => callOf({ effect: 'write', run: () => ({ at: new Date() }) }),
    'the result could not be stored: $.at is an instance of a class',
  ],
}

test.each(Object.entries(mistakes))(
  'a newcomer who makes this mistake reads the text of the page: %s',
  async (_, entry) => {
    const [make, said] = entry
    const told = await Promise.resolve()
      .then(make)
      .then(String, (error: Error) => error.message)
    expect(told).toContain(said)
    expect(page).toContain(said)
  },
)

test('an error of a rule and a result that is not stored reach onFault, too', async () => {
  faults.length = 0
  for (const name of ['a rule of the app that throws', 'a Date as the result of a write']) await mistakes[name]?.[0]()
  expect(faults.map(({ message }) => message)).toEqual([
    'TypeError: symbol is undefined',
    'the result could not be stored: $.at is an instance of a class',
  ])
})
