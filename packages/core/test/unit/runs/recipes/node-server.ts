import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { accounts, inbox, ping } from './setup.ts'

function route(request: Request): Response | Promise<Response> {
  switch (new URL(request.url).pathname.split('/')[1]) {
    case 'connections':
      return accounts(request)
    case 'inbox':
      return inbox(request)
    case 'ciba':
      return ping(request)
    default:
      return new Response(null, { status: 404 })
  }
}

function errorHandler(error: unknown): Response {
  console.error(error)
  return new Response(null, { status: 500 })
}

export const server = createServer(getRequestListener(route, { errorHandler, overrideGlobalObjects: false }))
