import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import { http, passthrough } from 'msw'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { useMsw } from '../oauth/mock-issuer.ts'
import { ORIGIN } from './app.ts'
import * as mounted from './recipes/express-server.ts'
import * as plain from './recipes/node-server.ts'
import { crm, inbox, questions } from './recipes/setup.ts'

useMsw(
  ...crm.handlers,
  http.all('http://127.0.0.1:*', () => passthrough()),
)
afterEach(() => crm.reset())

const page = readFileSync(new URL('../../../../../docs/guides/node-and-express.md', import.meta.url), 'utf8')

test.each(['node-server', 'express-server'])('the guide shows what is tested here: %s', (name) => {
  const source = readFileSync(new URL(`./recipes/${name}.ts`, import.meta.url), 'utf8')
  expect(page).toContain(source.slice(source.indexOf('\n\n') + 2).trim())
})

/** Sends requests of Ann's browser to a server, as a proxy passes them on: the origin of the page is the app's own. */
async function browserOf(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return (method: string, path: string, body?: object, more: Record<string, string> = {}) => {
    const isForm = body instanceof URLSearchParams
    const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json'
    const headers = { cookie: 'session=ann', origin: ORIGIN, ...(body !== undefined && { 'content-type': type }) }
    return fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      redirect: 'manual',
      headers: { ...headers, ...more },
      ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
    })
  }
}

describe.each([
  ['node:http', () => plain.server.listeners('request')[0] as RequestListener],
  ['Express behind body parsers', () => mounted.app],
])('%s', (name, listener) => {
  test('links an account and unlinks it with a form, with the cookies of the flow', async () => {
    const send = await browserOf(listener())
    const started = await send('POST', '/connections/connect', { connection: 'crm' })
    const { url } = (await started.json()) as { url: string }
    const cookies = started.headers.getSetCookie().map((cookie) => cookie.split(';')[0])
    const cookie = ['session=ann', ...cookies].join('; ')
    const back = await send('GET', `/connections/callback/crm?${crm.codeFor(url)}`, undefined, { cookie })
    expect([back.status, back.headers.get('location')]).toEqual([303, expect.stringContaining('connected=crm')])
    expect(back.headers.getSetCookie()).not.toEqual([])
    const account = new URLSearchParams({ connection: 'crm', account: 'a-1' })
    expect((await send('POST', '/connections/disconnect', account)).status).toBe(303)
    expect(await (await send('GET', '/connections/accounts')).json()).toMatchObject({ accounts: [] })
    expect((await send('GET', '/connections')).headers.get('content-type')).toContain('text/html')
  })

  test('takes the answer to a question once, from a page of the app alone', async () => {
    const slot = `slot of ${name}`
    await questions.run(50, slot)
    const send = await browserOf(listener())
    const shown = (await (await send('GET', '/inbox')).json()) as { questions: { id: string; answerToken: string }[] }
    const [{ id, answerToken } = {}] = shown.questions
    const body = { id, answer: 'approve', answerToken }
    expect((await send('POST', '/inbox', body, { origin: 'https://evil.example' })).status).toBe(403)
    expect(await (await send('POST', '/inbox', body)).json()).toEqual({ id, state: 'approved' })
    expect((await send('POST', '/inbox', body)).status).toBe(409)
    expect(await questions.run(50, slot)).toMatchObject({ status: 'done' })
  })

  test('passes the body of a ping on, and answers 404 elsewhere', async () => {
    const send = await browserOf(listener())
    const authorization = 'Bearer another'
    expect((await send('POST', '/ciba', { auth_req_id: 'r' }, { authorization })).status).toBe(401)
    expect((await send('POST', '/ciba', { other: 'r' }, { authorization })).status).toBe(400)
    expect((await send('GET', '/elsewhere')).status).toBe(404)
  })
})

test('behind a parser that keeps no bytes, an answer is refused as an invalid request, and nothing is approved', async () => {
  const app = express().use(express.json(), getRequestListener(inbox, { overrideGlobalObjects: false }))
  await questions.run(50, 'taken')
  const send = await browserOf(app)
  const shown = (await (await send('GET', '/inbox')).json()) as { questions: { id: string; answerToken: string }[] }
  const [{ id, answerToken } = {}] = shown.questions
  const answered = await send('POST', '/inbox', { id, answer: 'approve', answerToken })
  expect([answered.status, await answered.json()]).toEqual([400, { error: 'invalid_request' }])
  expect(await questions.run(50, 'taken')).toMatchObject({ status: 'interrupted' })
})
