import { verifies } from '@behalf/testing/requirements'
import { HttpResponse, http } from 'msw'
import { describe, expect, test, vi } from 'vitest'
import { rejection } from '../oauth/mock-issuer.ts'
import { api, open, seen, useApi } from './open-credential.ts'

const server = useApi()

const misuse = (reason: string) => ({ code: 'ERR_CREDENTIAL_MISUSE', reason })

describe('a request to an origin of the credential', () => {
  test('carries the token', async () => {
    const { credential } = open()
    const response = await credential.fetch(`${api}/orders`, { method: 'POST', body: 'x', headers: { accept: 'a' } })
    expect(await response.json()).toEqual({ ok: true })
    expect(seen).toEqual([{ url: `${api}/orders`, authorization: 'Bearer first', body: 'x' }])
  })

  test.each([
    ['a URL', new URL(`${api}/a`)],
    ['a Request', new Request(`${api}/a`)],
    ['upper case', 'HTTPS://API.EXAMPLE.COM/a'],
    ['its default port', 'https://api.example.com:443/a'],
    ['white space around it', `  ${api}/a\n`],
  ])('may be written as %s', async (_name, input) => {
    await open().credential.fetch(input)
    expect(seen).toMatchObject([{ url: `${api}/a`, authorization: 'Bearer first' }])
  })

  test('can be made by a fetch that was taken out, as SDKs do', async () => {
    const { fetch: taken } = open().credential
    await taken(`${api}/a`)
    expect(seen).toHaveLength(1)
  })

  test('leaves the headers that it was given as they are', async () => {
    const headers = new Headers({ accept: 'x' })
    const request = new Request(`${api}/a`)
    await open().credential.fetch(request, { headers })
    expect(headers.has('authorization') || request.headers.has('authorization')).toBe(false)
  })
})

describe('a request elsewhere is not sent', () => {
  test.each([
    ['another host', 'https://evil.example.com/a'],
    ['a host that ends like ours', 'https://evil-api.example.com/a'],
    ['a host that begins like ours', 'https://api.example.com.evil.com/a'],
    ['another scheme', 'http://api.example.com/a'],
    ['another port', 'https://api.example.com:8443/a'],
    ['the default port of one with a port', 'https://files.example.com/a'],
    ['our host as user name', 'https://api.example.com@evil.example.com/a'],
    ['a user name', 'https://user@api.example.com/a'],
    ['a password', 'https://user:password@api.example.com/a'],
    ['a backslash', 'https:\\\\evil.example.com\\@api.example.com/a'],
    ['a backslash behind our host', 'https://evil.example.com\\@api.example.com'],
    ['no scheme', '//api.example.com/a'],
    ['a path alone', '/a'],
    ['a trailing dot', 'https://api.example.com./a'],
    ['a full-width dot', 'https://evil．com/a'],
    ['blob:', 'blob:https://api.example.com/5e2a'],
    ['data:', 'data:text/plain,x'],
    ['file:', 'file:///etc/passwd'],
    ['javascript:', 'javascript:fetch("https://api.example.com")'],
    ['nothing', ''],
  ])('%s', async (_name, url) => {
    const error = await rejection(open().credential.fetch(url))
    expect(error).toMatchObject(misuse('origin'))
    expect(String(error)).not.toContain('password')
    expect(seen).toEqual([])
  })

  test(verifies('I6', 'a Request to another origin'), async () => {
    expect(await rejection(open().credential.fetch(new Request('https://evil.example.com')))).toMatchObject(
      misuse('origin'),
    )
  })

  test.each([
    [
      'as a property',
      () => Object.defineProperty(new Request('https://evil.example.com/steal'), 'url', { value: `${api}/a` }),
    ],
    [
      'by its class',
      () =>
        new (class extends Request {
          override get url() {
            return `${api}/a`
          }
        })('https://evil.example.com/steal'),
    ],
  ])('a Request that says it goes to us, %s', async (_name, make) => {
    const fetch = vi.fn(async () => new Response())
    expect(await rejection(open({ fetch }).credential.fetch(make()))).toMatchObject(misuse('origin'))
    expect(fetch).not.toHaveBeenCalled()
  })

  test('an object that says one thing now and another thing later', async () => {
    let times = 0
    const input = { toString: () => (times++ === 0 ? `${api}/a` : 'https://evil.example.com') }
    await open().credential.fetch(input as unknown as string)
    expect(seen).toMatchObject([{ url: `${api}/a` }])
  })

  test('a request for another virtual host', async () => {
    const headers = { Host: 'evil.example.com' }
    expect(await rejection(open().credential.fetch(`${api}/a`, { headers }))).toMatchObject(misuse('origin'))
  })
})

describe('a redirect', () => {
  test(verifies('I6', 'comes back and takes no credential along, whatever the body asks for'), async () => {
    server.use(http.get(`${api}/moved`, () => HttpResponse.redirect('https://evil.example.com/steal', 307)))
    for (const init of [{}, { redirect: 'follow' as const }]) {
      const response = await open().credential.fetch(`${api}/moved`, init)
      expect(response.status).toBe(307)
      expect(response.headers.get('location')).toBe('https://evil.example.com/steal')
    }
    const response = await open().credential.fetch(new Request(`${api}/moved`, { redirect: 'follow' }))
    expect(response.status).toBe(307)
  })
})

describe('an Authorization header of the body', () => {
  test.each([
    ['in an object', `${api}/a`, { headers: { Authorization: 'Bearer mine' } }],
    ['in other letters', `${api}/a`, { headers: { aUTHORIZATION: 'Bearer mine' } }],
    ['in a list', `${api}/a`, { headers: [['authorization', 'Basic x']] }],
    ['in Headers', `${api}/a`, { headers: new Headers({ authorization: 'x' }) }],
    ['in a Request', new Request(`${api}/a`, { headers: { authorization: 'x' } }), undefined],
    [
      'in a Request, over other headers',
      new Request(`${api}/a`, { headers: { authorization: 'x' } }),
      { headers: { accept: 'x' } },
    ],
    ['that is empty', `${api}/a`, { headers: { authorization: '' } }],
  ])('is refused %s', async (_name, input, init) => {
    const error = await rejection(open().credential.fetch(input, init as RequestInit))
    expect(error).toMatchObject(misuse('authorization_header'))
    expect(seen).toEqual([])
  })
})

describe('the end of the call', () => {
  test('closes the credential', async () => {
    const { credential, close } = (({ credential, close }) => ({ credential, close }))(bound(open()))
    const { fetch: taken } = credential
    close()
    expect(await rejection(credential.fetch(`${api}/a`))).toMatchObject(misuse('call_ended'))
    expect(await rejection(taken(`${api}/a`))).toMatchObject(misuse('call_ended'))
    expect(await rejection(credential.withToken((token) => token))).toMatchObject(misuse('call_ended'))
    expect(seen).toEqual([])
  })

  test('ends a raw token that is still being asked for', async () => {
    const opened = open({ onRawToken: () => opened.close() })
    const use = vi.fn()
    expect(await rejection(opened.credential.withToken(use))).toMatchObject(misuse('call_ended'))
    expect(use).not.toHaveBeenCalled()
  })

  test(verifies('I6', 'sends nothing again'), async () => {
    const refresh = vi.fn()
    const opened = open({ refresh })
    server.use(
      http.get(`${api}/a`, () => {
        opened.close()
        return new HttpResponse(null, { status: 401 })
      }),
    )
    expect((await opened.credential.fetch(`${api}/a`)).status).toBe(401)
    expect(refresh).not.toHaveBeenCalled()
  })

  test.each([
    [
      "the call's signal",
      (controller: AbortController) => open({ signal: controller.signal }).credential.fetch(`${api}/slow`),
    ],
    [
      "the call's signal, though the request has one of its own",
      (controller: AbortController) =>
        open({ signal: controller.signal }).credential.fetch(`${api}/slow`, { signal: new AbortController().signal }),
    ],
    [
      "the request's own",
      (controller: AbortController) => open().credential.fetch(`${api}/slow`, { signal: controller.signal }),
    ],
    [
      "a Request's own",
      (controller: AbortController) =>
        open().credential.fetch(new Request(`${api}/slow`, { signal: controller.signal })),
    ],
    [
      "the request's own, without one of the call",
      (controller: AbortController) =>
        open({ signal: undefined }).credential.fetch(`${api}/slow`, { signal: controller.signal }),
    ],
  ])('comes with %s', async (_name, start) => {
    server.use(http.get(`${api}/slow`, () => new Promise<never>(() => {})))
    const controller = new AbortController()
    const fetching = start(controller)
    setTimeout(() => controller.abort(new Error('enough')), 20)
    await expect(fetching).rejects.toThrow('enough')
  })
})

function bound(opened: ReturnType<typeof open>) {
  return { credential: opened.credential, close: () => opened.close() }
}
