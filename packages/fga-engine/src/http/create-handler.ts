import { ConfigurationError } from '@behalf/core'
import type { FgaEngine } from '../engine/index.ts'
import { FgaError, invalid } from '../errors/index.ts'
import { ENDPOINTS, objectsOf } from './endpoints.ts'

export interface HandlerOptions {
  readonly engine: FgaEngine
  /** A ULID. */
  readonly storeId: string
  /** What stands before `/stores` in a path. @default '' */
  readonly basePath?: string
  /** Demanded of every request as a bearer token. @default none is demanded */
  readonly apiToken?: string
}

/** Takes a request for the API, and answers as OpenFGA does. Rejects only on a fault of the tuple source. */
export type Handler = (request: Request) => Promise<Response>

/**
 * Makes a fetch-style server that speaks OpenFGA's HTTP API for one store and one model.
 *
 * Endpoints: check, batch-check, list-objects, streamed-list-objects, list-users, read, write, and reading the
 * authorization models. Not there: expand, changes, assertions, and the making of stores and models. Where the store is
 * another one it answers 404 `store_id_not_found`. The consistency that a request names changes nothing.
 *
 * @throws ConfigurationError An unknown option, or a store id that is no ULID.
 */
export function createHandler(options: HandlerOptions): Handler {
  for (const key of Object.keys(options)) {
    if (!['engine', 'storeId', 'basePath', 'apiToken'].includes(key)) {
      throw new ConfigurationError(key, 'remove it: options are engine, storeId, basePath, apiToken')
    }
  }
  const { engine, storeId, basePath = '', apiToken } = options
  if (!/^[ABCDEFGHJKMNPQRSTVWXYZ0-9]{26}$/.test(storeId)) throw new ConfigurationError('storeId', 'give a ULID')
  const stores = `${basePath.replace(/\/$/, '')}/stores/`
  return async (request) => {
    const modelHeader = { 'openfga-authorization-model-id': engine.authorizationModelId }
    try {
      requireToken(request, apiToken)
      const { pathname } = new URL(request.url)
      const [asked = '', ...path] = pathname.startsWith(stores) ? pathname.slice(stores.length).split('/') : []
      if (path.length === 0) throw new FgaError('undefined_endpoint', 'Not Found')
      if (decodeURIComponent(asked) !== storeId) throw new FgaError('store_id_not_found', 'Store ID not found')
      const answer = await respond(engine, request, path)
      return answered(answer, modelHeader)
    } catch (error) {
      if (error instanceof FgaError) return refused(error, modelHeader)
      throw error
    }
  }
}

/** A `fetch` that reaches the handler and no network, for any client that takes one. */
export function handlerFetch(handler: Handler): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    request.signal.throwIfAborted()
    return handler(request)
  }
}

async function respond(engine: FgaEngine, request: Request, path: readonly string[]): Promise<unknown> {
  const [name = '', id] = path
  if (name === 'authorization-models' && request.method === 'GET') {
    const { model } = engine
    if (id === undefined) return { authorization_models: [model], continuation_token: '' }
    if (id === engine.authorizationModelId) return { authorization_model: model }
    throw new FgaError('authorization_model_not_found', `Authorization Model '${id}' not found`)
  }
  const endpoint = id === undefined ? ENDPOINTS.get(name) : undefined
  const streamed = name === 'streamed-list-objects' && id === undefined
  if (request.method !== 'POST' || (endpoint === undefined && !streamed)) {
    throw new FgaError('undefined_endpoint', 'Not Found')
  }
  const body = await jsonOf(request)
  if (endpoint !== undefined) return endpoint(engine, body)
  const objects = await objectsOf(engine, body, Number.POSITIVE_INFINITY)
  return objects.map((object) => `${JSON.stringify({ result: { object } })}\n`).join('')
}

function answered(answer: unknown, headers: Readonly<Record<string, string>>): Response {
  const all = { ...headers, 'x-request-id': crypto.randomUUID(), 'content-type': 'application/json' }
  return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer), { headers: all })
}

function refused({ code, message, status }: FgaError, headers: Readonly<Record<string, string>>): Response {
  return Response.json({ code, message }, { status, headers: { ...headers, 'x-request-id': crypto.randomUUID() } })
}

function requireToken({ headers }: Request, apiToken: string | undefined): void {
  if (apiToken === undefined) return
  const authorization = headers.get('authorization')
  if (authorization === null) throw new FgaError('bearer_token_missing', 'missing bearer token')
  if (authorization !== `Bearer ${apiToken}`) {
    throw new FgaError('auth_failed_invalid_bearer_token', 'invalid bearer token')
  }
}

async function jsonOf(request: Request): Promise<unknown> {
  try {
    return await request.json()
  } catch {
    throw invalid('malformed JSON')
  }
}
