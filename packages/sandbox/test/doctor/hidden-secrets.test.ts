import { describe, expect, test } from 'vitest'
import { hideSecret } from '../../src/doctor/hide-secret.ts'

const clientId = 'my app'
const clientSecret = `p:ä"ß/+<&>'s \\w~%=`
const hidden = (message: string) =>
  hideSecret({ check: 'client', status: 'problem', message } as never, { issuer: '', clientId, clientSecret } as never)
    .message

const form = new URLSearchParams([['', clientSecret]]).toString().slice(1)
const pair = `${new URLSearchParams([['', clientId]]).toString().slice(1)}:${form}`
const html = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
const entities = (text: string, write: (code: number) => string) =>
  [...text].map((character) => write(character.codePointAt(0) as number)).join('')
const lower = (text: string) => text.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())
const base64 = (text: string) => Buffer.from(text).toString('base64')

describe('doctor hides a secret that comes back', () => {
  test.each([
    ['as it is', clientSecret],
    ['percent-encoded', encodeURIComponent(clientSecret)],
    ['percent-encoded in lower case', lower(encodeURIComponent(clientSecret))],
    ['percent-encoded as a form', form],
    ['as a form in lower case', lower(form)],
    ['percent-encoded twice', encodeURIComponent(encodeURIComponent(clientSecret))],
    ['HTML-escaped', html(clientSecret)],
    ['HTML-escaped with the apostrophe', html(clientSecret).replaceAll("'", '&#39;')],
    ['HTML-escaped with the apostrophe in hexadecimal', html(clientSecret).replaceAll("'", '&#x27;')],
    ['HTML-escaped twice', html(html(clientSecret))],
    ['in decimal entities', entities(clientSecret, (code) => `&#${code};`)],
    ['in hexadecimal entities', entities(clientSecret, (code) => `&#x${code.toString(16).toUpperCase()};`)],
    ['in JSON', JSON.stringify(clientSecret)],
    ['in JSON in JSON', JSON.stringify(JSON.stringify(clientSecret))],
    ['in JSON escapes', entities(clientSecret, (code) => `\\u${code.toString(16).padStart(4, '0')}`)],
    [
      'in JSON that escapes for HTML',
      JSON.stringify(clientSecret).replaceAll('<', '\\u003C').replaceAll('&', '\\u0026'),
    ],
    ['as it is sent in a header', base64(pair)],
    ['as it is sent in a header, without padding', base64(pair).replace(/=+$/, '')],
    ['as it is sent in a header, in the alphabet of URLs', Buffer.from(pair).toString('base64url')],
    ['as some clients send it in a header', base64(`${clientId}:${clientSecret}`)],
    ['in base64', base64(clientSecret)],
    ['in base64 without padding', base64(clientSecret).replace(/=+$/, '')],
    ['in base64 that is percent-encoded', encodeURIComponent(base64(clientSecret))],
  ])('%s', (_name, text) => {
    const shown = hidden(`the server said ${text} and no more`)
    expect(shown).toMatch(/^the server said "*\\*"*\[secret\](=|%3D|"|\\)* and no more$/)
    expect(shown).not.toContain('ß')
  })

  test('of any length of padding', () => {
    for (const secret of ['hunter2', 'hunter22', 'hunter222']) {
      const message = `not ${base64(secret).replace(/=+$/, '')}`
      const options = { issuer: '', clientId, clientSecret: secret }
      expect(hideSecret({ message } as never, options as never).message).toBe('not [secret]')
    }
  })

  test('in time that grows with the text', () => {
    const options = { issuer: '', clientId, clientSecret: `${'\\'.repeat(20)}&&&&%%%%` }
    const startedAt = performance.now()
    for (const piece of ['\\', '&amp;', '%25', '&#0']) {
      hideSecret({ message: piece.repeat(20_000 / piece.length) } as never, options as never)
    }
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})

test('what is not the secret is shown', () => {
  const message = 'unknown client "my app": see https://docs.example/?a=b&amp;c=%20'
  expect(hidden(message)).toBe(message)
})
