// Whatever a tool is made of, its code runs behind the guard, as it would run without it, on both SDKs.
import { currentIdentity, policy } from '@behalf/core'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, type McpHandler, mcpResourceServer, nodeHandler } from '../../src/server/index.ts'
import { guardTools as guardToolsV1 } from '../../src/v1/index.ts'
import { connectClient, textOf } from '../connect-client.ts'
import { openWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const Nothing = z.strictObject({})
const described = { description: 'Looks', inputSchema: Nothing }

/** Says who acts, and whether `this` is the tool, each time that a body runs. */
type Note = (self: unknown) => string
type Execute = (this: unknown) => unknown

const bodies: Readonly<Record<string, (note: Note) => Execute>> = {
  plain: (note) =>
    function () {
      return note(this)
    },
  async: (note) =>
    async function () {
      return note(this)
    },
  generator: (note) =>
    async function* () {
      yield note(this)
    },
  'promised-iterable': (note) =>
    async function () {
      const self = this
      return (async function* () {
        yield note(self)
      })()
    },
}

/** Where a body and what describes it stand. */
const holders: Readonly<Record<string, (execute: Execute) => object>> = {
  plain: (execute) => ({ ...described, execute }),
  frozen: (execute) => Object.freeze({ ...described, execute }),
  proxy: (execute) => new Proxy({ ...described, execute }, {}),
  'proxied-body': (execute) => ({ ...described, execute: new Proxy(execute, {}) }),
  getters: (execute) => ({
    get description() {
      return 'Looks'
    },
    get inputSchema() {
      return Nothing
    },
    get execute() {
      return execute
    },
  }),
  class: (execute) => {
    class Own {
      readonly description = 'Looks'
      get inputSchema() {
        return Nothing
      }
    }
    Object.assign(Own.prototype, { execute })
    return new Own()
  },
  'private-fields': (execute) => {
    class Own {
      readonly #schema = Nothing
      readonly #execute = execute
      get description() {
        return 'Looks'
      }
      get inputSchema() {
        return this.#schema
      }
      get execute() {
        return this.#execute
      }
    }
    return new Own()
  },
  'no-prototype': (execute) => Object.assign(Object.create(null), { ...described, execute }),
}

/** A tool of each shape, and what their bodies noted. */
function everyShape() {
  const seen: string[] = []
  const tools: Record<string, object> = {}
  for (const [holder, make] of Object.entries(holders)) {
    for (const [kind, body] of Object.entries(bodies)) {
      const name = `${holder}-${kind}`
      const note: Note = (self) => {
        seen.push(`${name}: ${whoActs()}, ${self === tools[name] ? 'its own' : 'lost'}`)
        return 'looked'
      }
      tools[name] = make(body(note))
    }
  }
  const policies = Object.fromEntries(Object.keys(tools).map((name) => [name, policy(Nothing, {})]))
  return { seen, tools, policies, names: Object.keys(tools) }
}

type Registered = { readonly handler?: Execute; readonly callback?: Execute }
type Server = { registerTool(...args: readonly unknown[]): Registered }

/** Keeps what the SDK gives for each tool, since a program can run it by hand. */
function keeping<S>(server: S, registered: Registered[]): S {
  const own = server as unknown as Server
  const registerTool = own.registerTool.bind(own)
  own.registerTool = (...args) => {
    const one = registerTool(...args)
    registered.push(one)
    return one
  }
  return server
}

const info = { name: 'x', version: '1' }
const sdks: Readonly<Record<string, (shapes: ReturnType<typeof everyShape>, registered: Registered[]) => McpHandler>> =
  {
    'v2 SDK': ({ tools, policies }, registered) => {
      const guarded = guardTools(tools as never, { guard: world.guard(), policies } as never)
      return createMcpHandler(() => guarded.register(keeping(new McpServer(info, guarded.serverOptions), registered)))
        .fetch
    },
    'v1 SDK': ({ tools, policies }, registered) => {
      const guarded = guardToolsV1(tools as never, { guard: world.guard(), policies } as never)
      return async (request, options) => {
        const transport = new WebStandardStreamableHTTPServerTransport()
        await guarded.register(keeping(new ServerV1(info), registered)).connect(transport)
        return transport.handleRequest(request, options as never)
      }
    },
  }

test.each(Object.keys(sdks))('a tool of any shape runs behind the guard, and as its own method (%s)', async (sdk) => {
  const shapes = everyShape()
  const registered: Registered[] = []
  const handler = (sdks[sdk] as NonNullable<(typeof sdks)[string]>)(shapes, registered)
  const { names, seen } = shapes
  expect(names).toHaveLength(32)

  // Without the gate no user is verified, even if the request names one.
  for (const name of names) {
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } }
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    await handler(new Request(world.resource, { method: 'POST', headers, body: JSON.stringify(body) }), {})
  }
  for (const { handler: byHand, callback } of registered) {
    for (const run of [byHand, callback])
      await Promise.resolve({})
        .then(run as never)
        .catch(() => {})
  }
  expect(registered.length).toBeGreaterThanOrEqual(names.length)
  expect(seen).toEqual([])

  const gate = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile })
  world.port.serve(nodeHandler(gate, handler))
  const token = await world.token('ann')
  const client = await connectClient(world.resource, token, { versionNegotiation: { mode: 'legacy' } })
  const { tools } = await client.listTools()
  expect(tools.map(({ name, description }) => [name, description])).toEqual(names.map((name) => [name, 'Looks']))
  for (const name of names) {
    expect([name, textOf(await client.callTool({ name, arguments: {} }))]).toEqual([name, 'looked'])
    expect(seen.splice(0)).toEqual([`${name}: ann, its own`])
  }
})

function whoActs(): string {
  try {
    const identity = currentIdentity()
    return identity.kind === 'user' ? identity.subject : identity.kind
  } catch {
    return 'no user'
  }
}
