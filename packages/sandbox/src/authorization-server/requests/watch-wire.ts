import { Readable } from 'node:stream'
import type { AuthorizationServerEndpoint, Received } from '@behalf/testing'
import { GRANT, PATHS } from '@behalf/testing/authorization-server'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { boundedBody } from '../../http/bounded-body.ts'
import { sessionCookie } from '../controls/sign-in.ts'
import { keepState } from '../kept-state.ts'
import type { ServerContext } from '../server-context.ts'
import { observe } from './observe.ts'

type Next = () => Promise<unknown>

/** Runs before the library: logs each request, applies faults, and adds the cookie of the signed-in user. */
export function watchWire(context: ServerContext): (ctx: KoaContextWithOIDC, next: Next) => Promise<void> {
  return async (ctx, next) => {
    const endpoint = endpointOf(ctx.path)
    if (endpoint === undefined) return void (await next())
    const received = await receive(context, ctx)
    ctx.state.parameters = received.parameters
    context.log.add(endpoint, received, Date.now())
    // With pages, a user whom a control signed in has priority over the user of the browser.
    const isSigned = context.parts === undefined || context.state.signedIn !== undefined
    if (endpoint === 'authorize' && isSigned) ctx.req.headers.cookie = sessionCookie(context)
    replay(ctx, received, adaptParameters(endpoint, received.parameters))
    let own: Response | undefined
    const response = await context.faults.pass(endpoint, received, async () => {
      await next()
      own = ctx.state.loseAnswer === true ? Response.error() : responseOf(ctx)
      return own
    })
    keepState(context)
    await observe(context, endpoint, received, response)
    if (response.type === 'error') hangUp(ctx)
    else if (response !== own) await replaceAnswer(ctx, response)
  }
}

const ENDPOINTS = Object.keys(PATHS) as readonly (keyof typeof PATHS)[]

function endpointOf(path: string): AuthorizationServerEndpoint | undefined {
  if (/^\/\.well-known\/(openid-configuration|oauth-authorization-server)$/.test(path)) return 'metadata'
  if (path.startsWith(`${PATHS.register}/`)) return 'register'
  return ENDPOINTS.find((endpoint) => PATHS[endpoint] === path)
}

async function receive({ issuer }: ServerContext, ctx: KoaContextWithOIDC): Promise<Received> {
  const chunks: Buffer[] = []
  for await (const chunk of boundedBody(ctx.req)) chunks.push(chunk)
  const body = Buffer.concat(chunks).toString('utf8')
  const url = new URL(ctx.req.url ?? '', issuer)
  const isForm = ctx.is('application/x-www-form-urlencoded') !== false && body !== ''
  const headers = Object.entries(ctx.req.headers).map(([name, value]) => [name, String(value)] as [string, string])
  return {
    method: ctx.method,
    url,
    headers: new Headers(headers),
    parameters: isForm ? new URLSearchParams(body) : url.searchParams,
    body,
  }
}

/** Gives the request to the library again: the body was read before, and parameters may have changed. */
function replay(ctx: KoaContextWithOIDC, received: Received, parameters: URLSearchParams): void {
  if (ctx.method === 'GET') {
    ctx.querystring = parameters.toString()
    return
  }
  const body = Buffer.from(parameters === received.url.searchParams ? received.body : parameters.toString())
  ctx.req.headers['content-length'] = String(body.length)
  delete ctx.req.headers['transfer-encoding']
  Object.defineProperties(ctx.req, {
    readable: { value: true },
    iterator: { value: () => Readable.from(body.length > 0 ? [body] : [])[Symbol.asyncIterator]() },
  })
}

function responseOf(ctx: KoaContextWithOIDC): Response {
  const { status, body } = ctx
  const headers = new Headers()
  for (const [name, value] of Object.entries(ctx.response.headers)) headers.set(name, String(value))
  const isEmpty = body === undefined || body === null || [204, 205, 304].includes(status)
  return new Response(isEmpty ? null : typeof body === 'string' ? body : JSON.stringify(body), { status, headers })
}

async function replaceAnswer(ctx: KoaContextWithOIDC, response: Response): Promise<void> {
  for (const name of Object.keys(ctx.response.headers)) ctx.remove(name)
  ctx.status = response.status
  for (const [name, value] of response.headers) ctx.set(name, value)
  const body = await response.text()
  ctx.body = body === '' ? null : body
  // Koa makes an empty body a 204.
  ctx.status = response.status
}

/** Breaks the connection, to simulate a network failure. */
function hangUp(ctx: KoaContextWithOIDC): void {
  ctx.respond = false
  ctx.req.socket.destroy()
}

/** Grants of this package's own, which know `audience`. */
const OWN: readonly string[] = [GRANT.tokenExchange, GRANT.federatedConnection, GRANT.jwtBearer]

/**
 * Adapts parameters that other servers accept and the library does not: `audience` for `resource`, and `offline_access`
 * without `prompt=consent`, since the signed-in user always agrees.
 * @returns the same object if nothing changes.
 */
function adaptParameters(endpoint: AuthorizationServerEndpoint, parameters: URLSearchParams): URLSearchParams {
  const changed = new URLSearchParams(parameters)
  const isOwn = endpoint === 'token' && OWN.includes(parameters.get('grant_type') ?? '')
  if (parameters.has('audience') && !isOwn) {
    for (const audience of parameters.getAll('audience')) changed.append('resource', audience)
    changed.delete('audience')
  }
  const asksForRefresh = parameters.get('scope')?.split(' ').includes('offline_access') === true
  const prompts = parameters.get('prompt')?.split(' ') ?? []
  // With `none` no person can agree, so the server issues no refresh token (OpenID Connect Core §11).
  const mayAgree = !prompts.includes('consent') && !prompts.includes('none')
  if ((endpoint === 'authorize' || endpoint === 'par') && asksForRefresh && mayAgree) {
    changed.set('prompt', [...prompts, 'consent'].join(' '))
  }
  return changed.toString() === parameters.toString() ? parameters : changed
}
