import { verifies } from '@behalf/testing/requirements'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect } from 'vitest'
import { connectAuthorizationServer } from '../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../src/oauth/profiles/oidc.ts'
import { surroundingsOf } from '../../src/oauth/server.ts'
import { everythingShownBy, mockIssuer, rejection, useMsw } from '../unit/oauth/mock-issuer.ts'

const issuer = 'https://as.example.com'
const as = await mockIssuer(issuer)
const token = '45ghiukldjahdnhzdauz'

let answer: () => Response = () => new HttpResponse(null)
let sent: { type: string | null; authorization: string | null; body: URLSearchParams }[] = []
useMsw(
  ...as.handlers,
  http.post(`${issuer}/revoke`, async ({ request }) => {
    const { headers } = request
    const body = new URLSearchParams(await request.text())
    sent.push({ type: headers.get('content-type'), authorization: headers.get('authorization'), body })
    return answer()
  }),
)
beforeEach(() => {
  sent = []
  answer = () => new HttpResponse(null)
  as.metadata.revocation_endpoint = `${issuer}/revoke`
})

/** A connection of its own, since metadata are remembered. */
const server = () =>
  connectAuthorizationServer(oidc({ issuer, clientId: 'app', clientSecret: 'secret' }), surroundingsOf('test', {}))

describe('RFC 7009', () => {
  verifies('RFC7009-2-https', 'plain http gets no token', async () => {
    as.metadata.revocation_endpoint = 'http://as.example.com/revoke'
    expect(await rejection(server().revoke(token))).toMatchObject({ retryable: false })
    expect(sent).toEqual([])
  })

  verifies('RFC7009-2.1-request', 'one form, by the client itself', async () => {
    await server().revoke(token, { hint: 'refresh_token' })
    await server().revoke(token)
    expect(sent[0]?.type).toContain('application/x-www-form-urlencoded')
    expect(sent[0]?.authorization).toBe(`Basic ${btoa('app:secret')}`)
    expect([...(sent[0]?.body ?? [])].sort()).toEqual([
      ['token', token],
      ['token_type_hint', 'refresh_token'],
    ])
    expect([...(sent[1]?.body ?? [])]).toEqual([['token', token]])
  })

  verifies('RFC7009-2.2-response', 'whatever stands in it', async () => {
    for (const body of [null, '', 'not json', '{"error":"invalid_token"}']) {
      answer = () => new HttpResponse(body, { headers: { 'content-type': 'application/json' } })
      expect(await server().revoke(token)).toBeUndefined()
    }
  })

  verifies('RFC7009-2.2.1-error', 'is told, with the delay, and not repeated', async () => {
    answer = () => new HttpResponse(null, { status: 503, headers: { 'retry-after': '7' } })
    expect(await rejection(server().revoke(token))).toMatchObject({
      code: 'ERR_TRANSPORT',
      retryable: true,
      retryAfter: 7,
    })
    expect(sent).toHaveLength(1)
    answer = () => HttpResponse.json({ error: 'unsupported_token_type', error_description: token }, { status: 400 })
    const refused = await rejection(server().revoke(token))
    expect(refused).toMatchObject({ code: 'ERR_OAUTH_RESPONSE', error: 'unsupported_token_type' })
    expect(everythingShownBy(refused)).not.toContain(token)
  })

  verifies('RFC7009-2.2.1-error', 'a server without the endpoint gets no request, and that is told', async () => {
    delete as.metadata.revocation_endpoint
    expect(await rejection(server().revoke(token))).toMatchObject({ retryable: false })
    expect(sent).toEqual([])
  })
})
