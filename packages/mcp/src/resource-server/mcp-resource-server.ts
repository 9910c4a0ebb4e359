import { type Clock, ConfigurationError, type Identity, runAs } from '@behalf/core'
import { createResourceServer, type ProtectedRequest, type ProtectOptions } from '@behalf/core/resource-server'
import { systemClock } from '@behalf/core/spi'
import { refuseUnknownKeys } from '../base/refuse-unknown-keys.ts'
import { signingKey } from '../base/signing-key.ts'
import { authInfoOf, type McpAuthInfo } from '../guarded-tools/auth-info.ts'
import { tellUnregistered } from '../guarded-tools/guarded-tools-of.ts'
import { browserRules, corsHeaders, preflight, refuseStrangers } from './browser-rules.ts'
import { endingIn } from './event-stream.ts'
import {
  isAboutTask,
  parsedMessage,
  type ReadBody,
  readMessage,
  taskWithoutSession,
  unknownTool,
} from './read-message.ts'
import {
  checkProfile,
  checkRules,
  copyOfList,
  endpointOf,
  type McpResourceServerOptions,
  optionKeys,
  scopesOf,
  type ToolRules,
  toolRulesOf,
} from './resource-server-options.ts'
import { CallerIds } from './signed-session-ids.ts'
import { refusalTeller } from './tell-refusal.ts'

const DEFAULT_MAX_BODY_BYTES = 1024 * 1024
/** From this revision on, there are no sessions, and clients add the scopes of a challenge to those that they have. */
const FIRST_MODERN = '2026-07-28'

/** Tolerance after a token's expiry, in seconds: clocks differ. */
const SKEW_SECONDS = 30

/** A fetch-style MCP handler of either SDK: `createMcpHandler(…).fetch`, or a transport's `handleRequest`. */
export type McpHandler = (
  request: Request,
  options: { readonly authInfo?: McpAuthInfo; readonly parsedBody?: unknown },
) => Promise<Response>

/** A verified caller that may continue, or the response that refuses the request. */
export type Admission =
  | {
      readonly ok: true
      readonly identity: Identity
      readonly authInfo: McpAuthInfo
      /**
       * The parsed body on which the decision was made. Pass on this, not the text. Absent if the request has no body.
       */
      readonly parsedBody?: unknown
      /**
       * The request to pass on: without credentials and body, and with the transport's own ids of session and event.
       */
      readonly request: Request
      /**
       * Returns the transport's response for the client, with more headers, and with ids of session and events that are
       * signed for this caller.
       */
      answer(response: Response): Promise<Response>
    }
  | { readonly ok: false; readonly response: Response }

/** A gate before an MCP handler. Made by {@link mcpResourceServer}. */
export interface McpResourceServer {
  /**
   * Returns the handler behind the gate. It answers at the addresses of metadata and endpoint, and with 404 elsewhere.
   */
  handle(handler: McpHandler): (request: Request) => Promise<Response>
  /** Returns whether an address is that of the endpoint or the metadata, for mounting beside other routes. */
  serves(request: Pick<Request, 'url'>): boolean
  /**
   * Decides about one request: host, origin, metadata, token, scopes, tool and session.
   *
   * @param parsedBody - The body, if code before the gate has parsed it.
   */
  admit(request: Request, parsedBody?: unknown): Promise<Admission>
  /** The option `resource`, unchanged. */
  readonly resource: string
  /** Address of the protected resource metadata (RFC 9728). */
  readonly metadataUrl: string
}

/**
 * Makes the gate of an MCP server: an OAuth resource server by the MCP authorization specification, in its revisions
 * 2025-06-18, 2025-11-25 and 2026-07-28.
 *
 * Verifies host, origin and token (audience, issuer, signature, lifetime, proof of its key), and for `tools/call` the
 * scopes and the login that the tool requires. The caller's token goes no further: neither the `AuthInfo` nor the
 * handler's request contains it. The gate does not decide whether the user may make this call: `guardTools` does.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization | MCP, Authorization}
 */
export function mcpResourceServer(options: McpResourceServerOptions): McpResourceServer {
  refuseUnknownKeys('mcpResourceServer', options, optionKeys)
  const { resource, maxBodyBytes = DEFAULT_MAX_BODY_BYTES, clock = systemClock } = options
  const endpoint = endpointOf('mcpResourceServer.resource', resource)
  checkProfile(options.authorizationServer)
  // Copied, like the tools' rules: an app may reuse the same lists for its next gate.
  const scopes = copyOfList(options.scopes ?? [])
  const tools = toolRulesOf(options)
  const ids = new CallerIds(signingKey('mcpResourceServer.sessionKey', options.sessionKey), resource)
  const rules = browserRules(endpoint, {
    ...(options.hosts && { hosts: options.hosts }),
    ...(options.origins && { origins: options.origins }),
  })
  if (!(Number.isSafeInteger(maxBodyBytes) && maxBodyBytes > 0)) {
    throw new ConfigurationError('mcpResourceServer.maxBodyBytes', 'give a whole number of bytes, 1 or more')
  }
  const guarded = options.guarded?.callerScopes
  const known = scopesOf(scopes, tools)
  const all = { scopes, known }
  const server = createResourceServer({
    authorizationServer: options.authorizationServer,
    audience: options.audience ?? resource,
    realm: 'mcp',
    origin: endpoint.origin,
    dpop: options.dpop,
    introspect: options.introspect,
    introspectJwts: options.introspectJwts,
    actors: options.actors,
    metadata: { ...(known.length > 0 && { scopes: known }), ...options.metadata, resource },
    fetch: options.fetch,
    clock: options.clock,
    timeoutMs: options.timeoutMs,
  })
  const metadataUrl = server.metadataUrl ?? ''
  const metadataPath = new URL(metadataUrl).pathname
  // Checked now, because wrong rules would otherwise show only at the first call.
  checkRules(tools, scopes)

  const tellRefusal = refusalTeller(options.onRefused)

  const admit = async (request: Request, given?: unknown): Promise<Admission> => {
    // Copied, so that the checked body is the one that is passed on.
    const parsedBody = structuredClone(given)
    const refused = refuseStrangers(request, rules)
    if (refused !== undefined) return { ok: false, response: refused }
    const asked = preflight(request, rules)
    if (asked !== undefined) return { ok: false, response: asked }
    const cors = corsHeaders(request, rules)
    const refuse = (response: Response) => ({ ok: false, response: withHeaders(response, cors) }) as const
    let read: ReadBody | undefined
    // The body is read only after the token is verified.
    const passed = await server.protect(protectedPart(request), rulesFor(request, all, {}), async () => {
      read = knownTool(await bodyOf(request, parsedBody, maxBodyBytes), tools)
      return rulesFor(request, all, (read?.ok === true && tools?.get(read.tool ?? '')) || {})
    })
    if (!passed.ok) {
      tellRefusal(request, read, passed)
      return refuse(passed.response)
    }
    const message = read as ReadBody | undefined
    if (message?.ok === false) return refuse(message.response)
    const { identity } = passed
    const own = await ids.read(request.headers, identity)
    if (!own.ok) return refuse(own.response)
    // The SDK's store of tasks separates tasks by session. Without sessions, each user would get the tasks of all.
    const isShared = own.headers['mcp-session-id'] === undefined && !isModern(request)
    if (isShared && isAboutTask(message?.body)) return refuse(taskWithoutSession(message?.body))
    return {
      ok: true,
      identity,
      authInfo: authInfoOf(passed, endpoint, metadataUrl),
      ...(message?.body !== undefined && { parsedBody: message.body }),
      request: withoutCredentials(request, own.headers),
      async answer(response) {
        const exchange = { identity, method: request.method, own: own.headers }
        const written = await ids.write(response, exchange)
        const isOpen = request.method === 'GET' || isListening(message?.body)
        return withHeaders(isOpen ? whileGood(written, identity, clock) : written, { ...cors, ...passed.headers })
      },
    }
  }

  const decide: McpResourceServer['admit'] = async (request, parsedBody) => {
    const pathname = pathOf(request)
    const metadata = pathname === metadataPath ? metadataAnswer(request, server.metadata(request)) : undefined
    if (metadata !== undefined) return { ok: false, response: metadata }
    return pathname === endpoint.pathname
      ? admit(request, parsedBody)
      : { ok: false, response: new Response(`Not found: the MCP endpoint is ${endpoint.pathname}`, { status: 404 }) }
  }
  return {
    resource,
    metadataUrl,
    serves(request) {
      const pathname = pathOf(request)
      return pathname === endpoint.pathname || pathname === metadataPath
    },
    admit: decide,
    handle: (handler) => {
      if (typeof handler !== 'function') {
        throw new ConfigurationError(
          'mcpResourceServer.handle',
          'give a function, such as `fetch` of createMcpHandler(…)',
        )
      }
      return async (request) => {
        const admission = await decide(request)
        if (!admission.ok) return admission.response
        const { identity, authInfo, parsedBody } = admission
        const more = parsedBody === undefined ? {} : { parsedBody }
        // Both SDKs fill their streams from within the call. The response is returned inside an object, so that it is not
        // wrapped.
        const { response } = await runAs(identity, async () => ({
          response: await handler(admission.request, { authInfo, ...more }),
        }))
        // A refusal may come before a server is made, such as for a session of an earlier process.
        if (response.ok) tellUnregistered(guarded)
        return admission.answer(response)
      }
    },
  }
}

/** @throws ConfigurationError This is a request of Node or Express, whose address is a path. */
function pathOf({ url }: Pick<Request, 'url'>): string {
  if (URL.canParse(url)) return new URL(url).pathname
  throw new ConfigurationError(
    'mcpResourceServer.handle',
    'got no fetch Request. On Node and Express, serve `nodeHandler(gate, handler)`, on Hono `honoHandler(gate, handler)`',
  )
}

async function bodyOf(request: Request, parsedBody: unknown, maxBytes: number): Promise<ReadBody | undefined> {
  if (parsedBody !== undefined) return parsedMessage(parsedBody)
  return request.method === 'POST' ? readMessage(request, maxBytes) : undefined
}

/** Refuses a call of an unknown tool, if the set of tools is configured (I12). */
function knownTool(
  read: ReadBody | undefined,
  tools: ReadonlyMap<string, ToolRules> | undefined,
): ReadBody | undefined {
  const isUnknown = read?.ok === true && read.tool !== undefined && tools?.has(read.tool) === false
  return isUnknown ? { ok: false, response: unknownTool(read.body) } : read
}

function rulesFor(
  request: Request,
  { scopes, known }: { readonly scopes: readonly string[]; readonly known: readonly string[] },
  { scopes: more = [], acrValues, maxAge }: ToolRules,
): ProtectOptions {
  return {
    scopes: [...new Set([...scopes, ...more])],
    acrValues,
    maxAge,
    // Older clients ask for exactly the scopes that a challenge names, and would lose those of other tools.
    keepScopes: isModern(request) ? [] : known,
  }
}

const isModern = ({ headers }: Request): boolean => (headers.get('mcp-protocol-version') ?? '') >= FIRST_MODERN

const protectedPart = ({ url, method, headers, signal }: Request): ProtectedRequest => ({
  url,
  method,
  headers,
  signal,
})

/**
 * Removes the credentials and the body, which was parsed. Token passthrough is forbidden, so nothing is left to pass
 * on.
 */
function withoutCredentials(request: Request, own: Readonly<Record<string, string>>): Request {
  const headers = new Headers({ ...Object.fromEntries(request.headers), ...own })
  for (const name of ['authorization', 'dpop', 'content-length']) headers.delete(name)
  return new Request(request.url, { method: request.method, headers, signal: request.signal })
}

/** Browsers send a preflight request, since MCP clients send a header of their own. The document is public. */
function metadataAnswer(request: Request, answer: Response | undefined): Response | undefined {
  if (request.method !== 'OPTIONS') return answer
  const headers = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'mcp-protocol-version' }
  return new Response(null, { status: 204, headers: { ...headers, 'access-control-allow-methods': 'GET, HEAD' } })
}

/**
 * Returns whether a request opens a stream of notifications, as GET did in older revisions. It carries no response of a
 * call.
 */
const isListening = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'method' in body && body.method === 'subscriptions/listen'

/** Ends an endless stream at the moment when its token is no longer accepted. The client then opens another one. */
function whileGood({ status, statusText, headers, body }: Response, { expiresAt }: Identity, clock: Clock): Response {
  const end = expiresAt === undefined ? undefined : (expiresAt + SKEW_SECONDS) * 1000
  const bounded = body === null || end === undefined ? body : endingIn(end - clock.now(), body)
  return new Response(bounded, { status, statusText, headers })
}

function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  if (Object.keys(headers).length === 0) return response
  const all = new Headers(response.headers)
  for (const [name, value] of Object.entries(headers)) all.set(name, value)
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers: all })
}
