import { memoryStore } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { clientMetadataHandler, type McpSession, type McpSessionOptions } from '../../../src/client/index.ts'
import { type Browser, browserOf } from '../../browser.ts'
import { textOf } from '../../connect-client.ts'
import { openWorld, type World } from '../../world.ts'
import * as sessions from './sessions.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())
beforeEach(async () => {
  await world.target.reset()
  world.serve({ gate: { tools: { create_order: { scopes: ['mcp:trade'] } } } })
})

const { redirectUri } = sessions
const open = (browser: Browser, over: Partial<McpSessionOptions> = {}) => sessions.open(world, browser, over)
const call = (session: McpSession, browser: Browser, name?: string, input?: object) =>
  sessions.call(world, session, browser, name, input)

const requests = async (endpoint: string) =>
  (await world.target.authorizationServer.controls.requests()).filter((request) => request.endpoint === endpoint)

describe('a client with a metadata document', () => {
  verifies('MCP-CLIENT-registration-order', 'needs no registration', async () => {
    const metadataUrl = 'https://app.example/client.json'
    const client = { name: 'An agent with a document', redirectUri, metadataUrl }
    const document = clientMetadataHandler(client)
    // The sandbox reads no documents on loopback: the app's host is played here.
    const real = globalThis.fetch
    onTestFinished(() => {
      globalThis.fetch = real
    })
    globalThis.fetch = async (input, init) => {
      const url = input instanceof Request ? input.url : String(input)
      return (url === metadataUrl && document({ url, method: 'GET' })) || real(input, init)
    }
    const browser = browserOf(world.target, 'ann')
    const me = JSON.parse(textOf(await call(open(browser, { client }), browser)))
    expect(me).toEqual({ subject: 'ann', clientId: metadataUrl })
    expect(await requests('register')).toHaveLength(0)
  })

  verifies('MCP-CLIENT-metadata-document', 'the document says who it is, and nothing secret', async () => {
    const client = { name: 'x', redirectUri, metadataUrl: 'https://app.example.com/client.json', scopes: ['a', 'b'] }
    const answer = clientMetadataHandler(client)({ url: 'https://app.example.com/client.json', method: 'GET' })
    expect(await answer?.json()).toEqual({
      client_id: 'https://app.example.com/client.json',
      client_name: 'x',
      redirect_uris: [redirectUri],
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      scope: 'a b offline_access',
    })
    expect(clientMetadataHandler(client)({ url: 'https://app.example.com/other', method: 'GET' })).toBeUndefined()
    for (const url of ['http://app.example.com/c', 'https://app.example.com/', 'https://app.example.com/a/../c']) {
      expect(() => clientMetadataHandler({ ...client, metadataUrl: url })).toThrow('metadataUrl')
    }
  })
})

describe('tokens that are bound to a key', () => {
  test('the key is kept beside them, and another process proves it too', async () => {
    world.serve({ gate: { dpop: { store: memoryStore(), required: true } } })
    const store = memoryStore()
    const browser = browserOf(world.target, 'ann')
    const over = { store, dpop: true }
    expect(JSON.parse(textOf(await call(open(browser, over), browser))).subject).toBe('ann')
    const fresh = browserOf(world.target, 'ann')
    expect(JSON.parse(textOf(await call(open(fresh, over), fresh))).subject).toBe('ann')
    expect(fresh.visited).toHaveLength(0)
  })
})

describe('signing in by another device', () => {
  test('shows a code, waits, and calls', async () => {
    const browser = browserOf(world.target, 'ann')
    const { issuer, controls } = world.target.authorizationServer
    const registered = { [issuer]: { client_id: 'stock-cli' } }
    const session = open(browser, { client: { name: 'x', redirectUri, registered, deviceLogin: true } })
    await session.signInByDevice({
      scopes: ['mcp:tools'],
      show: ({ userCode }) => controls.approveDevice(userCode, 'ann'),
    })
    expect(JSON.parse(textOf(await call(session, browser))).subject).toBe('ann')
    expect(browser.visited).toHaveLength(0)
  })

  test('a no, and a server that has none', async () => {
    const browser = browserOf(world.target, 'ann')
    const { issuer, controls } = world.target.authorizationServer
    const registered = { [issuer]: { client_id: 'stock-cli' } }
    const client = { name: 'x', redirectUri, registered, deviceLogin: true }
    const denied = open(browser, { client }).signInByDevice({ show: ({ userCode }) => controls.denyDevice(userCode) })
    await expect(denied).rejects.toMatchObject({ problem: 'refused' })
    const stopped = new AbortController()
    const left = open(browser, { client }).signInByDevice({
      show: () => stopped.abort(new Error('left')),
      signal: stopped.signal,
    })
    await expect(left).rejects.toThrow('left')
    const without = open(browser, { client: { name: 'x', redirectUri, registered } })
    await expect(without.signInByDevice({ show: () => {} })).rejects.toThrow('deviceLogin')
    const bound = open(browser, { client, dpop: true })
    await expect(bound.signInByDevice({ show: () => {} })).rejects.toThrow('dpop')
  })
})
