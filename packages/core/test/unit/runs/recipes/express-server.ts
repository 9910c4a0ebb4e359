import { getRequestListener } from '@hono/node-server'
import express from 'express'
import { accounts, inbox, ping } from './setup.ts'

const mount = (handler: (request: Request) => Promise<Response>) =>
  getRequestListener(handler, {
    overrideGlobalObjects: false,
    errorHandler(error) {
      console.error(error)
      return new Response(null, { status: 500 })
    },
  })

/** Keeps the bytes that a parser reads, for the handlers below it. */
const verify = (request: object, _response: unknown, rawBody: Buffer) => void Object.assign(request, { rawBody })

export const app = express()
app.use(express.json({ verify }), express.urlencoded({ verify }))
app.all(['/connections', '/connections/*path'], mount(accounts))
app.all('/inbox', mount(inbox))
app.post('/ciba', mount(ping))
