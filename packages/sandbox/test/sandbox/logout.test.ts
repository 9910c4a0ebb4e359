import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/index.ts'
import { authorize, browser, openLogin } from './login-http.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox?.close())

const FRONT = 'http://127.0.0.1:3999/'

/** Signs Ann in, and asks for the logout as an app does. */
async function askedToLogOut() {
  const { issuer, clientId } = sandbox.settings
  const go = browser()
  const { post } = await openLogin(issuer, clientId, {}, go)
  await go((await post({ subject: 'ann' })).headers.get('location') ?? '')
  const metadata = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Record<string, string>
  const logout = (to: string) =>
    go(`${metadata.end_session_endpoint}?${new URLSearchParams({ client_id: clientId, post_logout_redirect_uri: to })}`)
  /** Where the next login leads: to a page, or to the app at once. */
  const next = async () => (await authorize(go, issuer, clientId)).headers.get('location') ?? ''
  expect(await next()).toContain(FRONT)
  const page = await (await logout(FRONT)).text()
  const [, action = '', xsrf = ''] =
    /action="([^"]+)"><input type="hidden" name="xsrf" value="([^"]+)"/.exec(page) ?? []
  const answer = (fields: Readonly<Record<string, string>>) =>
    go(action, { method: 'POST', body: new URLSearchParams(fields) })
  return { page, xsrf, logout, answer, next }
}

test('a logout that its person agrees to leads back to the app, and the next login asks who it is', async () => {
  const { page, xsrf, answer, next } = await askedToLogOut()
  expect(page).toContain('Log out here too?')
  expect((await answer({ xsrf, logout: 'yes' })).headers.get('location')).toBe(FRONT)
  expect(await next()).toMatch(/^\/interaction\//)
})

test('a person who stays logged in is led back to the app as well', async () => {
  const { xsrf, answer, next } = await askedToLogOut()
  expect((await answer({ xsrf })).headers.get('location')).toBe(FRONT)
  expect(await next()).toContain(FRONT)
})

test('neither a page that leads here, nor a form of another page, nor another place to go after it counts', async () => {
  const { answer, logout, next } = await askedToLogOut()
  expect((await answer({ logout: 'yes', xsrf: 'x'.repeat(43) })).status).toBe(400)
  expect((await answer({ logout: 'yes' })).status).toBe(400)
  for (const to of ['https://evil.example/', 'http://127.0.0.1:3999@evil.example/', 'http://127.0.0.1.evil.example/']) {
    expect((await logout(to)).status).toBe(400)
  }
  expect(await next()).toContain(FRONT)
})
