import { ConfigurationError } from '@behalf/core'
import type { FgaEngine } from '../engine/index.ts'
import { FgaError, invalid } from '../errors/index.ts'
import { ENDPOINTS, objectsOf } from './endpoints.ts'
import { readBody } from './read-body.ts'

/** Options of {@link createHandler}. */
export interface HandlerOptions {
  /** The engine that answers the requests. */
  readonly engine: FgaEngine
  /** A ULID. */
  readonly storeId: string
  /** Path before `/stores`. @default '' */
  readonly basePath?: string
  /**
   * Bearer token that every request must have.
   * @default none. Then the handler refuses a request from a page of another origin: over plain http, from every page
   * that is not of loopback
   */
  readonly apiToken?: string
}

/** gRPC status numbers. */
const INVALID_ARGUMENT = 3
const INTERNAL = 13
const ULID = /^[ABCDEFGHJKMNPQRSTVWXYZ0-9]{26}$/

/** Takes a request for the API, and answers as OpenFGA does. Rejects only on a fault of the tuple source. */
export type Handler = (request: Request) => Promise<Response>

/**
 * Makes a fetch-style server that implements OpenFGA's HTTP API for one store and one model.
 *
 * Endpoints: check, batch-check, list-objects, streamed-list-objects, list-users, read, write, and reading the
 * authorization models. Missing: expand, changes, assertions, stores, and creating models. Any other store does not
 * exist. The consistency of a request has no effect.
 *
 * @throws ConfigurationError An unknown option, a store id that is no ULID, or an API token that is no text.
 */
export function createHandler(options: HandlerOptions): Handler {
  for (const key of Object.keys(options)) {
    if (!['engine', 'storeId', 'basePath', 'apiToken'].includes(key)) {
      throw new ConfigurationError(key, 'remove it: options are engine, storeId, basePath, apiToken')
    }
  }
  const { engine, storeId, basePath = '', apiToken } = options
  if (!ULID.test(storeId)) throw new ConfigurationError('storeId', 'give a ULID')
  // A token that is missing in the environment must not open the handler to all callers.
  if ('apiToken' in options && (typeof apiToken !== 'string' || apiToken === '')) {
    throw new ConfigurationError('apiToken', 'give a text, or leave the option out to demand none')
  }
  const stores = `${basePath.replace(/\/$/, '')}/stores/`
  return async (request) => {
    let headers: Readonly<Record<string, string>> = {}
    try {
      if (apiToken === undefined) refuseOtherOrigins(request)
      else requireToken(request, apiToken)
      const { pathname } = new URL(request.url)
      const [asked = '', ...path] = pathname.startsWith(stores) ? pathname.slice(stores.length).split('/') : []
      if (path.length === 0) throw new FgaError('undefined_endpoint', 'Not Found')
      const store = decoded(asked)
      if (!ULID.test(store)) throw invalid('invalid StoreId: value does not match its pattern')
      const own = store === storeId ? engine : undefined
      if (own !== undefined) headers = { 'openfga-authorization-model-id': own.authorizationModelId }
      return answered(await respond(own, request, path), headers)
    } catch (error) {
      if (error instanceof FgaError) return refused(error, headers)
      throw error
    }
  }
}

/** Returns a `fetch` that calls the handler and uses no network, for any client that takes one. */
export function handlerFetch(handler: Handler): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    request.signal.throwIfAborted()
    return handler(request)
  }
}

async function respond(engine: FgaEngine | undefined, request: Request, path: readonly string[]): Promise<unknown> {
  const [name = '', id] = path
  if (name === 'authorization-models' && request.method === 'GET' && path.length <= 2) return models(engine, id)
  const endpoint = id === undefined ? ENDPOINTS.get(name) : undefined
  const streamed = name === 'streamed-list-objects' && id === undefined
  if (endpoint === undefined && !streamed) throw new FgaError('undefined_endpoint', 'Not Found')
  if (request.method !== 'POST') throw new FgaError('unimplemented', 'Method Not Allowed')
  const body = await readBody(request)
  if (endpoint !== undefined) return endpoint(engine, body)
  return streamedObjects(engine, body)
}

/**
 * Streams objects. A stream reports an error in another form than the other endpoints: with gRPC's number, within
 * `error`.
 */
async function streamedObjects(engine: FgaEngine | undefined, body: unknown): Promise<unknown> {
  try {
    const objects = await objectsOf(engine, body, Number.POSITIVE_INFINITY)
    return objects.map((object) => `${JSON.stringify({ result: { object } })}\n`).join('')
  } catch (error) {
    if (!(error instanceof FgaError)) throw error
    const { message, status } = error
    const code = status < 500 ? INVALID_ARGUMENT : INTERNAL
    return Response.json({ error: { code, message, details: [] } }, { status })
  }
}

function models(engine: FgaEngine | undefined, id: string | undefined): unknown {
  if (id === undefined) {
    return { authorization_models: engine === undefined ? [] : [engine.model], continuation_token: '' }
  }
  if (!ULID.test(id)) throw invalid('invalid Id: value does not match its pattern')
  if (id === engine?.authorizationModelId) return { authorization_model: engine.model }
  throw new FgaError('authorization_model_not_found', `Authorization Model '${id}' not found`)
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
  }
}

function answered(answer: unknown, headers: Readonly<Record<string, string>>): Response {
  if (answer instanceof Response) return answer
  const all = { ...headers, 'x-request-id': crypto.randomUUID(), 'content-type': 'application/json' }
  return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer), { headers: all })
}

function refused({ code, message, status }: FgaError, headers: Readonly<Record<string, string>>): Response {
  return Response.json({ code, message }, { status, headers: { ...headers, 'x-request-id': crypto.randomUUID() } })
}

/**
 * Refuses requests from other origins. Without a token, any client that reaches the handler may use it, except a web
 * page of another origin. A browser lets such a page send types other than JSON without a preflight request, so the
 * handler takes only JSON.
 */
function refuseOtherOrigins({ headers, method, url }: Request): void {
  const origin = headers.get('origin')
  const site = headers.get('sec-fetch-site')
  const isOwn = origin === null || (origin === new URL(url).origin && !mayBeRebound(new URL(url)))
  const isHere = site === null || site === 'same-origin' || site === 'none'
  if (!isOwn || !isHere) throw new FgaError('forbidden', 'a page of another origin sent the request')
  const [type = ''] = (headers.get('content-type') ?? '').split(';')
  if (method === 'POST' && type.trim().toLowerCase() !== 'application/json') {
    throw invalid('without an API token, the content type must be application/json')
  }
}

/**
 * Returns whether DNS rebinding is possible: over plain http, a page can point its own name to our address, and its
 * request then looks like one of our origin.
 */
function mayBeRebound({ protocol, hostname }: URL): boolean {
  return protocol !== 'https:' && !/^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}

function requireToken({ headers }: Request, apiToken: string): void {
  const authorization = headers.get('authorization')
  if (authorization === null) throw new FgaError('bearer_token_missing', 'missing bearer token')
  if (authorization !== `Bearer ${apiToken}`) {
    throw new FgaError('auth_failed_invalid_bearer_token', 'invalid bearer token')
  }
}
