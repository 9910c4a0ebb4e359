import { verifies } from '@behalf/testing/requirements'
import { describe, expect } from 'vitest'
import { createCredential, Token } from '../../src/credential/index.ts'
import { rejection } from '../unit/oauth/mock-issuer.ts'

const requests: Request[] = []
let answer = () => new Response('ok')
const { credential } = createCredential({
  name: 'trade',
  issued: { token: new Token('the-token'), scopes: [] },
  origins: ['https://api.example.com'],
  fetch: async (input, init) => {
    requests.push(new Request(input, init))
    return answer()
  },
  onRawToken: () => {},
})

describe('RFC 6750: the client', () => {
  verifies('RFC6750-2-one-method', 'the header, and neither query nor body', async () => {
    await credential.fetch('https://api.example.com/a', { method: 'POST', body: 'x=1' })
    const sent = requests.at(-1) as Request
    expect(sent.headers.get('authorization')).toBe('Bearer the-token')
    expect(sent.url + (await sent.text())).not.toContain('the-token')
    const own = { headers: { authorization: 'Bearer mine' } }
    expect(await rejection(credential.fetch('https://api.example.com/a', own))).toMatchObject({
      reason: 'authorization_header',
    })
  })

  verifies('RFC6750-5.3-leak', 'other origins, and those that an API redirects to', async () => {
    const before = requests.length
    expect(await rejection(credential.fetch('https://evil.example.com'))).toMatchObject({ reason: 'origin' })
    expect(requests.length).toBe(before)
    answer = () => new Response(null, { status: 302, headers: { location: 'https://evil.example.com' } })
    expect((await credential.fetch('https://api.example.com/a')).status).toBe(302)
    expect(requests.at(-1)?.redirect).toBe('manual')
  })

  verifies('RFC6750-5.3-tls', 'the same host by plain http is another origin', async () => {
    expect(await rejection(credential.fetch('http://api.example.com/a'))).toMatchObject({ reason: 'origin' })
  })
})

describe('RFC 9470', () => {
  verifies('RFC9470-3-challenge', "the specification's examples", async () => {
    const ask = async (challenge: string) => {
      answer = () => new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })
      return rejection(credential.fetch('https://api.example.com/a'))
    }
    const level =
      'Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="myACR"'
    expect(await ask(level)).toMatchObject({ code: 'ERR_STEP_UP_REQUIRED', stepUp: { acrValues: ['myACR'] } })
    const recent =
      'Bearer error="insufficient_user_authentication", error_description="More recent authentication is required", max_age="5"'
    expect(await ask(recent)).toMatchObject({ code: 'ERR_STEP_UP_REQUIRED', stepUp: { maxAge: 5 } })
  })
})
