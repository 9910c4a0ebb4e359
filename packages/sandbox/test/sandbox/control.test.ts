import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Sandbox } from '../../src/index.ts'
import { openSandbox } from '../../src/start/start-sandbox.ts'

const KEY = 'the-key-of-the-control-file'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await openSandbox({}, KEY)
})
afterAll(() => sandbox?.close())

async function control(command: unknown, headers: Readonly<Record<string, string>> = {}, method = 'POST') {
  const body = typeof command === 'string' ? command : JSON.stringify(command)
  const response = await fetch(`${sandbox.phone.origin}/control`, {
    method,
    headers: { authorization: `Bearer ${KEY}`, ...headers },
    ...(method !== 'GET' && { body }),
  })
  return { status: response.status, body: await response.json() }
}

test('its owner controls it', async () => {
  expect((await control({ command: 'settings' })).body).toEqual(sandbox.settings)
  expect((await control({ command: 'fault', name: 'off' })).status).toBe(200)
  const ofBob = await control({ command: 'fault', name: 'deny', question: { user: 'bob' } })
  expect(ofBob.body).toEqual({ effect: 'the next question of bob is denied' })
})

test.each<[string, Readonly<Record<string, string>>, string?]>([
  ['no key', { authorization: '' }],
  ['a wrong key', { authorization: `Bearer ${KEY.replaceAll(/./g, 'x')}` }],
  ['a page, of our own origin too', { origin: 'http://127.0.0.1:3000' }],
  ['what a browser sends of itself', { 'sec-fetch-site': 'none' }],
  ['another method', {}, 'PUT'],
  ['a GET', {}, 'GET'],
])('%s does not', async (_what, headers, method) => {
  const refused = await control({ command: 'settings' }, headers, method)
  expect(refused).toEqual({ status: 403, body: { error: 'not allowed' } })
})

test.each([
  ['no JSON'],
  [{ command: 'stop' }],
  [{ command: 'fault', name: 'x'.repeat(5000) }],
  [{ command: 'settings', more: 1 }],
])('what is no command is refused: %j', async (command) => {
  expect((await control(command)).status).toBe(400)
})

test('without a key there is no such place', async () => {
  const other = await openSandbox({})
  const response = await fetch(`${other.phone.origin}/control`, {
    method: 'POST',
    headers: { authorization: 'Bearer ' },
  })
  await other.close()
  expect(response.status).toBe(404)
})
