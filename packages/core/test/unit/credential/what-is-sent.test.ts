import { describe, expect, test } from 'vitest'
import { CredentialMisuseError } from '../../../src/base/errors/index.ts'
import { checkRequest } from '../../../src/credential/check-request.ts'

const API = 'https://api.example.com'
const check = (input: string | URL | Request, init: RequestInit = {}, origins: readonly string[] = [API]) =>
  checkRequest('orders', origins, input, init)

describe('where it goes (I6)', () => {
  test('an origin on this machine may be plain http, where it is named', () => {
    expect(check('http://127.0.0.1:8080/x', {}, ['http://127.0.0.1:8080']).url).toBe('http://127.0.0.1:8080/x')
  })

  test.each(['https://ann@api.example.com/x', 'https://:secret@api.example.com/x'])('not to %s', (address) => {
    expect(() => check(address)).toThrow(CredentialMisuseError)
  })

  test.each(['/orders', 'data:text/plain,x'])('not to %s, which no origin is told of', (address) => {
    expect(() => check(address)).toThrow('an address that is no absolute https URL')
  })

  test('another origin is told by its name', () => {
    expect(() => check('https://evil.example.com/secret-path')).toThrow('"https://evil.example.com"')
  })
})

describe('what it says', () => {
  test('headers and method of a Request, unless the call gives its own', () => {
    const request = new Request(`${API}/x`, { method: 'DELETE', headers: { 'x-trace': 'one' } })
    expect(check(request)).toMatchObject({ method: 'DELETE' })
    expect(check(request).headers.get('x-trace')).toBe('one')
    const changed = check(request, { method: 'PUT', headers: { 'x-other': 'two' } })
    expect([changed.method, changed.headers.get('x-trace'), changed.headers.get('x-other')]).toEqual([
      'PUT',
      null,
      'two',
    ])
  })

  test.each([
    ['post', 'POST'],
    ['patch', 'patch'],
  ])('the method %s is sent as %s, as fetch does', (method, sent) => {
    expect(check(`${API}/x`, { method }).method).toBe(sent)
  })

  test.each(['authorization', 'dpop', 'host'])(
    'a Request may not bring its own %s, even where other headers are given',
    (name) => {
      // `Request` itself takes `host` away, so it is set on what stands in for one.
      const request = new Request(`${API}/x`, { headers: { [name]: 'mine' } })
      if (name !== 'host')
        expect(() => check(request, { headers: { 'x-other': 'two' } })).toThrow(CredentialMisuseError)
      expect(() => check(`${API}/x`, { headers: { [name]: 'mine' } })).toThrow(CredentialMisuseError)
    },
  )
})

describe('what can be sent again after a 401', () => {
  const stream = () => new ReadableStream({ start: (controller) => controller.close() })
  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'x'],
    ['a form', new URLSearchParams({ a: 'b' })],
    ['form data', new FormData()],
    ['a blob', new Blob(['x'])],
    ['a buffer', new ArrayBuffer(1)],
    ['bytes', new Uint8Array(1)],
  ])('%s', (_, body) => {
    expect(check(`${API}/x`, { method: 'POST', body: body as never }).replayable).toBe(true)
  })

  test('not a stream, nor a Request that has a body of its own', () => {
    expect(check(`${API}/x`, { method: 'POST', body: stream() }).replayable).toBe(false)
    expect(check(new Request(`${API}/x`, { method: 'POST', body: 'x' })).replayable).toBe(false)
    expect(check(new Request(`${API}/x`)).replayable).toBe(true)
    expect(check(new Request(`${API}/x`, { method: 'POST', body: 'x' }), { body: 'y' }).replayable).toBe(true)
  })
})
