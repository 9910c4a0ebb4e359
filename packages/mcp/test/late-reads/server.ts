import { defineTool, memoryStore, publicTool } from '@behalf/core'
import { type Entries, port, type Watch } from '@behalf/testing/late-reads'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import * as z from 'zod'
import {
  type GuardedTools,
  guardTools,
  honoHandler,
  type McpResourceServerOptions,
  mcpResourceServer,
  nodeHandler,
  toMcpTools,
} from '../../src/server/index.ts'
import { guardTools as guardToolsV1 } from '../../src/v1/index.ts'
import { call, echo } from '../resource-server/echo.ts'
import type { World } from '../world.ts'

const Nothing = z.strictObject({})
const policies = () => ({ look: publicTool(Nothing) })
const tools = () => ({
  look: {
    title: 'Look',
    description: 'Looks.',
    inputSchema: Nothing,
    annotations: { readOnlyHint: true },
    _meta: { of: { a: 1 } },
    execute: () => 'looked',
  },
})
const rules = () => ({
  waitSeconds: 1,
  list: 'permitted' as const,
  pageOf: () => undefined,
  onError: () => {},
  requestState: { key: crypto.getRandomValues(new Uint8Array(32)), ttlSeconds: 60 },
})

/** Node's own, of which a body parser filled in the body. */
class Incoming {
  readonly method = 'POST'
  readonly url = '/mcp'
  readonly complete = true
  readonly rawHeaders: readonly string[]
  readonly body: unknown
  constructor(headers: Record<string, string>, body: unknown) {
    this.rawHeaders = Object.entries(headers).flat()
    this.body = body
  }
  async *[Symbol.asyncIterator]() {}
}

/** Entry points of servers, over a world that is open when they are called. */
export function serverEntries(world: () => World): Entries {
  const place = () => ({ resource: world().resource, authorizationServer: world().profile })
  const request = async (body?: object) => {
    const headers = {
      authorization: `Bearer ${await world().token('ann')}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    }
    return new Request(world().resource, { method: 'POST', headers, ...(body && { body: JSON.stringify(body) }) })
  }
  const gate = (over: Partial<McpResourceServerOptions> = {}) => mcpResourceServer({ ...place(), ...over })
  /** The answer of guarded tools to one call, behind a gate. */
  const looks = async (guarded: GuardedTools) => {
    const mcp = createMcpHandler(() =>
      guarded.register(new McpServer({ name: 'x', version: '1' }, guarded.serverOptions)),
    )
    return textOf(await gate({ guarded }).handle(mcp.fetch)(await request(call('look'))))
  }
  return {
    mcpResourceServer: [
      async (watch) => {
        const { host } = new URL(world().resource)
        const options = {
          ...place(),
          audience: [world().resource],
          scopes: ['mcp:tools'],
          tools: { look: { scopes: ['mcp:trade'], acrValues: undefined, maxAge: 3600 } },
          metadata: { scopes: ['mcp:tools'] },
          dpop: { store: port(memoryStore()), algorithms: ['ES256'], windowSeconds: 60 },
          actors: { allow: ['agent:trader'] },
          hosts: [host],
          origins: ['https://app.example'],
          sessionKey: crypto.getRandomValues(new Uint8Array(32)),
          clock: port({ now: () => Date.now() }),
        }
        const made = watch.call(() => mcpResourceServer(watch.given(options)))
        return [
          await made.admit(await request(call('look'))),
          (await made.handle(echo)(new Request(made.metadataUrl))).status,
        ]
      },
      [{ ok: true }, 200],
    ],
    'gate.admit': [
      async (watch) => {
        const asked = await request()
        const made = gate({ tools: { look: { scopes: ['mcp:trade'] } } })
        return watch.call(() => made.admit(asked, watch.given(call('look'), 'body')))
      },
      { ok: true, parsedBody: call('look') },
    ],
    nodeHandler: [
      async (watch) => {
        const failed = Promise.withResolvers<unknown>()
        const options = watch.given({ onError: failed.resolve })
        const failing = async (_request: Request, { parsedBody }: { parsedBody?: unknown }) => {
          throw parsedBody
        }
        const mounted = watch.call(() => nodeHandler(gate(), failing as never, options))
        const headers = { host: new URL(world().resource).host, ...Object.fromEntries((await request()).headers) }
        const incoming = new Incoming(headers, watch.given(call('look'), 'body'))
        watch.call(() => mounted(incoming as never, { once: () => {}, setHeader: () => {}, end: () => {} } as never))
        return failed.promise
      },
      call('look'),
    ],
    honoHandler: [
      async (watch) => {
        const mounted = honoHandler(gate(), echo)
        const context = watch.given({ req: { raw: await request(call('look')) } }, 'context')
        return (await watch.call(() => mounted(context, async () => {})))?.json()
      },
      { subject: 'ann' },
    ],
    guardTools: [
      (watch) => looks(watch.call(() => guardTools(watch.given(tools(), 'tools'), given(watch, { ...rules() })))),
      'looked',
    ],
    toMcpTools: [
      (watch) => {
        const look = defineTool({
          name: 'look',
          description: 'Looks.',
          input: Nothing,
          public: true,
          run: () => 'looked',
        })
        return looks(
          watch.call(() => toMcpTools(port(world().guard()), watch.given([look], 'tools'), watch.given(rules()))),
        )
      },
      'looked',
    ],
    'v1.guardTools': [
      async (watch) => {
        const { requestState: _, ...shared } = rules()
        const guarded = watch.call(() => guardToolsV1(watch.given(tools(), 'tools'), given(watch, shared)))
        const handler = async (asked: Request, options: object) => {
          const transport = new TransportV1({ enableJsonResponse: true })
          await guarded.register(new ServerV1({ name: 'x', version: '1' })).connect(transport)
          return transport.handleRequest(asked, options as never)
        }
        return textOf(await gate({ guarded }).handle(handler)(await request(call('look'))))
      },
      'looked',
    ],
  }

  function given<Rules extends object>(watch: Watch, more: Rules) {
    return watch.given({ guard: port(world().guard()), policies: policies(), ...more })
  }
}

const textOf = async (response: Response) => /"text":"(\w*)"/.exec(await response.text())?.[1]
