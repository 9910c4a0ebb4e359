import type { Clock } from '@behalf/core'
import { type HttpHandler, http } from 'msw'
import { Faults } from './faults.ts'
import { type Received, receive } from './received.ts'
import { ConnectionLost, Refusal } from './refusal.ts'
import { RequestLog } from './request-log.ts'

/** One endpoint of a mocked server. */
export interface Route {
  /** Name in the log and for faults. */
  readonly endpoint: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** The whole path, or a pattern that matches it; `respond` gets its groups. */
  readonly path: string | RegExp
  readonly respond: (received: Received, groups: readonly string[]) => Promise<Response>
}

/** Handles the requests of one server: logs them, applies faults, and calls the route. */
export interface FrontDoor {
  readonly log: RequestLog
  readonly faults: Faults
  /** @returns `undefined` if no route has this path */
  handle(request: Request): Promise<Response | undefined>
}

/** Adds log and faults to a server's routes. */
export function createFrontDoor(routes: readonly Route[], clock: Clock): FrontDoor {
  const log = new RequestLog()
  const faults = new Faults([...new Set(routes.map((route) => route.endpoint))])
  return {
    log,
    faults,
    async handle(request) {
      const { pathname } = new URL(request.url)
      const here = routes.flatMap((route) => {
        const groups = match(route.path, pathname)
        return groups === undefined ? [] : [{ route, groups }]
      })
      if (here.length === 0) return undefined
      const found = here.find(({ route }) => route.method === request.method)
      if (found === undefined) {
        return new Response(null, { status: 405, headers: { allow: here.map(({ route }) => route.method).join(', ') } })
      }
      const received = await receive(request)
      log.add(found.route.endpoint, received, clock.now())
      return faults.pass(found.route.endpoint, received, () => respond(found.route, received, found.groups))
    },
  }
}

function match(path: string | RegExp, pathname: string): readonly string[] | undefined {
  if (typeof path === 'string') return path === pathname ? [] : undefined
  return path.exec(pathname)?.slice(1).map(decodeURIComponent)
}

async function respond(route: Route, received: Received, groups: readonly string[]): Promise<Response> {
  try {
    return await route.respond(received, groups)
  } catch (error) {
    if (error instanceof Refusal) return error.toResponse()
    if (error instanceof ConnectionLost) return Response.error()
    throw error
  }
}

/** Mounts a fetch-style server in msw, under its origin. Unknown paths are 404, as on a real server. */
export function mount(origin: string, handle: (request: Request) => Promise<Response | undefined>): HttpHandler {
  return http.all(`${origin}/*`, async ({ request }) => (await handle(request)) ?? new Response(null, { status: 404 }))
}
