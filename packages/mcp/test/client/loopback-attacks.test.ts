import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { loopbackSignIn } from '../../src/client/index.ts'

/** Sends these bytes, as no client would. @returns the first line of the answer */
function send(redirectUri: string, text: string): Promise<string> {
  const { hostname, port, host } = new URL(redirectUri)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text.replaceAll('HOST', host)))
    socket.once('data', (data) => {
      resolve(data.toString().split('\r\n')[0] ?? '')
      socket.destroy()
    })
    socket.once('error', reject)
    socket.once('close', () => resolve(''))
  })
}

async function waiting() {
  const browser = await loopbackSignIn({ open: () => {}, timeoutSeconds: 5 })
  onTestFinished(() => browser.close())
  await browser.show(new URL('https://as.example/authorize?state=right'))
  return { browser, callback: browser.callback() }
}

test.each([
  'GET // HTTP/1.1\r\nHost: HOST\r\n\r\n',
  'GET //[ HTTP/1.1\r\nHost: HOST\r\n\r\n',
  'GET http://[ HTTP/1.1\r\nHost: HOST\r\n\r\n',
  'GET http://evil.example/callback?state=right&code=evil HTTP/1.1\r\nHost: HOST\r\n\r\n',
  'GET /callback/../callback?state=right HTTP/1.1\r\nHost: evil.example\r\n\r\n',
])('the request line %j ends neither the process nor the wait', async (line) => {
  const { browser, callback } = await waiting()
  expect(await send(browser.redirectUri, line)).toContain('404')
  expect((await fetch(`${browser.redirectUri}?state=right&code=c`)).status).toBe(200)
  expect((await callback).searchParams.get('code')).toBe('c')
})

test('an answer with another state, or with none, does not end the wait', async () => {
  const { browser, callback } = await waiting()
  for (const query of ['state=anything&code=evil', 'code=evil', 'state=&code=evil']) {
    expect((await fetch(`${browser.redirectUri}?${query}`)).status).toBe(404)
  }
  await fetch(`${browser.redirectUri}?state=right&code=c`)
  expect((await callback).searchParams.get('code')).toBe('c')
})

test('before a sign-in is shown there is no answer that counts', async () => {
  const browser = await loopbackSignIn({ open: () => {}, timeoutSeconds: 0.2 })
  onTestFinished(() => browser.close())
  const callback = browser.callback()
  expect((await fetch(`${browser.redirectUri}?code=evil`)).status).toBe(404)
  await expect(callback).rejects.toMatchObject({ problem: 'timed_out' })
})
