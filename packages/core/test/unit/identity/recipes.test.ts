import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { bypass, http, passthrough } from 'msw'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { mockIssuer, rejection, useMsw } from '../oauth/mock-issuer.ts'
import * as authJs from './recipes/auth-js.ts'
import * as bearer from './recipes/bearer.ts'
import * as expressSession from './recipes/express-session.ts'
import * as nextRoute from './recipes/next-route.ts'

const as = await mockIssuer('https://as.example.com')
useMsw(
  ...as.handlers,
  http.all('http://127.0.0.1:*', () => passthrough()),
)
const sign = (claims: object = {}) =>
  as.sign({ sub: 'ann', aud: 'https://agent.example.com', client_id: 'web', jti: 'j', ...claims })
const token = await sign()
const ended = await sign({ exp: 1 })

const page = readFileSync(new URL('../../../../../docs/guides/identity.md', import.meta.url), 'utf8')

describe('the guide shows what is tested here', () => {
  test.each(['bearer', 'auth-js', 'next-route', 'express-session'])('%s', (name) => {
    const source = readFileSync(new URL(`./recipes/${name}.ts`, import.meta.url), 'utf8')
    const body = source.slice(source.indexOf('\n\n') + 2).trim()
    expect(page).toContain(body)
  })
})

describe('a plain bearer token', () => {
  const request = (headers: Record<string, string>) => new Request('https://agent.example.com/chat', { headers })

  test('says who sends it', async () => {
    expect(await bearer.identityOf(request({ authorization: `Bearer ${token}` }))).toMatchObject({ subject: 'ann' })
    expect(await bearer.identityOf(request({}))).toBeUndefined()
    const refused = bearer.identityOf(request({ authorization: `Bearer ${ended}` })) as Promise<unknown>
    expect(await rejection(refused)).toMatchObject({ reason: 'expired' })
  })
})

describe('Auth.js and a Next.js route handler', () => {
  const post = (cookie?: string) =>
    nextRoute.POST(
      new Request('https://app.example.com/api/chat', {
        method: 'POST',
        body: '{"messageId":"m-1"}',
        ...(cookie !== undefined && { headers: { cookie } }),
      }),
    )

  test('run a tool as who is signed in', async () => {
    expect(await (await post(`session=${token}`)).json()).toEqual({ you: 'ann' })
  })

  test('send everybody else to the login, and tell the app of a token that did not expire', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    onTestFinished(() => warn.mockRestore())
    for (const cookie of [undefined, `session=${ended}`]) expect((await post(cookie)).status).toBe(401)
    expect(warn).not.toHaveBeenCalled()
    const other = await sign({ aud: 'https://other.example' })
    for (const cookie of [`session=${other}`, 'session=forged']) expect((await post(cookie)).status).toBe(401)
    expect(warn.mock.calls[0]).toEqual([expect.stringContaining('audience "https://other.example" is not')])
    expect(warn).toHaveBeenCalledTimes(2)
  })

  test('keep the token of a login, and of nothing else', () => {
    expect(authJs.callbacks.jwt({ token: { a: 1 }, account: { access_token: 't' } })).toEqual({
      a: 1,
      accessToken: 't',
    })
    expect(authJs.callbacks.jwt({ token: { a: 1 }, account: null })).toEqual({ a: 1 })
  })
})

test('an Express session says who is signed in', async () => {
  const app = express()
  // In place of express-session: what it does is to put this on the request.
  app.use((request, _response, next) => {
    const [, value] = /^sid=(.+)$/.exec(request.headers.cookie ?? '') ?? []
    Object.assign(request, { session: value === undefined ? {} : { accessToken: value } })
    next()
  })
  app.get('/me', async (request, response) => {
    const identity = await expressSession.identityOf(request as never)
    if (identity?.kind === 'user') response.json({ you: identity.subject })
    else response.redirect('/login')
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/me`
    const get = (headers: Record<string, string>) => fetch(bypass(url, { headers, redirect: 'manual' }))
    expect(await (await get({ cookie: `sid=${token}` })).json()).toEqual({ you: 'ann' })
    expect((await get({})).headers.get('location')).toBe('/login')
  } finally {
    server.close()
  }
})
