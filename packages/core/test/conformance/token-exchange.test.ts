import { verifies } from '@behalf/testing/requirements'
import { HttpResponse, http } from 'msw'
import { describe, expect } from 'vitest'
import { ConfigurationError, InvalidResponseError, OAuthResponseError } from '../../src/base/errors/index.ts'
import { revealToken, Token } from '../../src/credential/index.ts'
import { resource } from '../../src/guard/tools/resource.ts'
import { admit } from '../../src/identity/verified.ts'
import { connectAuthorizationServer } from '../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../src/oauth/profiles/oidc.ts'
import { exchangeToken } from '../../src/token-exchange/exchange-token.ts'
import { mockIssuer } from '../unit/oauth/mock-issuer.ts'
import { API, exchangeServer, NOW, SECONDS, SUBJECT_TOKEN } from '../unit/token-exchange/exchange-server.ts'

const server = await exchangeServer()
const form = () => server.forms.at(-1) as URLSearchParams
const uri = (type: string) => `urn:ietf:params:oauth:token-type:${type}`

describe('RFC 8693: the request', () => {
  verifies('RFC8693-2.1-grant_type', 'is sent once', async () => {
    await server.exchange()
    expect(form().getAll('grant_type')).toEqual(['urn:ietf:params:oauth:grant-type:token-exchange'])
  })

  verifies('RFC8693-2.1-subject_token', 'with its type', async () => {
    await server.exchange()
    expect(form().getAll('subject_token')).toEqual([SUBJECT_TOKEN])
    expect(form().getAll('subject_token_type')).toEqual([uri('access_token')])
  })

  verifies('RFC8693-2.1-actor_token_type', 'goes with an actor token', async () => {
    await server.exchange({ actorToken: { token: new Token('actor'), type: 'access_token' } })
    expect(form().getAll('actor_token')).toEqual(['actor'])
    expect(form().getAll('actor_token_type')).toEqual([uri('access_token')])
  })

  verifies('RFC8693-2.1-actor_token_type', 'does not stand alone', async () => {
    await server.exchange()
    expect(form().has('actor_token')).toBe(false)
    expect(form().has('actor_token_type')).toBe(false)
  })

  verifies('RFC8693-2.1-target', 'is named', async () => {
    await server.exchange()
    expect(form().getAll('resource')).toEqual([API])
    await expect(server.exchange({ resource: undefined as never })).rejects.toThrow(ConfigurationError)
    expect(server.forms).toHaveLength(1)
  })

  verifies('RFC8693-2.1-scope', 'is always sent; none asked makes no request', async () => {
    await server.exchange({ scopes: ['trade:write'] })
    expect(form().getAll('scope')).toEqual(['trade:write'])
    await expect(server.exchange({ scopes: [] })).rejects.toThrow(ConfigurationError)
    expect(server.forms).toHaveLength(1)
  })

  for (const type of ['access_token', 'id_token', 'refresh_token', 'jwt'] as const) {
    verifies('RFC8693-3-uris', type, async () => {
      await server.exchange({ subjectToken: { token: new Token('t'), type } })
      expect(form().get('subject_token_type')).toBe(uri(type))
      expect(form().get('requested_token_type')).toBe(uri('access_token'))
    })
  }
})

describe('RFC 8693: the answer', () => {
  for (const type of [undefined, '', uri('jwt'), uri('id_token'), uri('refresh_token'), uri('ACCESS_TOKEN')]) {
    verifies('RFC8693-2.2.1-issued_token_type', `${type} is not what was asked`, async () => {
      server.answerSays({ issued_token_type: type })
      await expect(server.exchange()).rejects.toThrow(InvalidResponseError)
    })
  }

  verifies('RFC8693-2.2.1-issued_token_type', 'a JWT where a JWT was asked', async () => {
    server.answerSays({ issued_token_type: uri('jwt') })
    server.tokenSays({}, { typ: 'JWT' })
    await expect(server.exchange({ requestedTokenType: 'jwt' })).resolves.toMatchObject({ verified: true })
    await expect(server.exchange()).rejects.toThrow(InvalidResponseError)
  })

  verifies('RFC8693-2.2.1-token_type', 'N_A is no access token', async () => {
    server.answerSays({ token_type: 'N_A' })
    await expect(server.exchange()).rejects.toThrow(InvalidResponseError)
  })

  verifies('RFC8693-2.2.1-token_type', 'Bearer is, in any case', async () => {
    server.answerSays({ token_type: 'bEARER' })
    await expect(server.exchange()).resolves.toBeDefined()
  })

  verifies('RFC8693-2.2.1-scope', 'absent: as asked', async () => {
    server.answerSays({ access_token: 'opaque' })
    expect((await server.exchange()).scopes).toEqual(['portfolio:read', 'trade:write'])
  })

  verifies('RFC8693-2.2.1-scope', 'fewer: as granted', async () => {
    server.answerSays({ access_token: 'opaque', scope: 'trade:write' })
    expect((await server.exchange()).scopes).toEqual(['trade:write'])
  })

  verifies('RFC8693-2.2.1-scope', 'more: refused', async () => {
    server.answerSays({ access_token: 'opaque', scope: 'portfolio:read trade:write admin' })
    await expect(server.exchange()).rejects.toThrow(InvalidResponseError)
  })

  for (const error of ['invalid_request', 'invalid_grant', 'unauthorized_client', 'invalid_scope']) {
    verifies('RFC8693-2.2.2-error', error, async () => {
      server.answersWith(() => HttpResponse.json({ error, error_description: 'why' }, { status: 400 }))
      await expect(server.exchange()).rejects.toThrow(
        expect.objectContaining({ code: 'ERR_OAUTH_RESPONSE', error, errorDescription: 'why', status: 400 }),
      )
    })
  }

  verifies('RFC8693-4.1-outermost', 'a nested actor decides nothing', async () => {
    server.tokenSays({ act: { sub: 'https://service16.example.com', act: { sub: 'https://service77.example.com' } } })
    const actor = { subject: 'https://service77.example.com' }
    await expect(server.exchange({ actor })).rejects.toThrow('another actor')
    const exchanged = await server.exchange({ actor: { subject: 'https://service16.example.com' } })
    expect(exchanged.actor?.actor).toEqual(actor)
  })

  verifies('RFC8693-4.1-validity', 'exp, nbf and aud within act are not read', async () => {
    server.tokenSays({ act: { sub: 'agent:trader', exp: 1, nbf: SECONDS + 9_999, aud: 'https://other.example.com' } })
    const exchanged = await server.exchange({ actor: { subject: 'agent:trader' } })
    expect(exchanged.actor).toEqual({ subject: 'agent:trader' })
  })
})

describe('RFC 8693 §2.3: the example', () => {
  verifies('RFC8693-2.1-client', 'is reproduced, client authentication included', async () => {
    const issuer = await mockIssuer('https://as.example.com', () => NOW)
    let asked: { authorization: string | null; form: URLSearchParams } | undefined
    server.msw.use(
      ...issuer.handlers,
      http.post('https://as.example.com/token', async ({ request }) => {
        asked = {
          authorization: request.headers.get('authorization'),
          form: new URLSearchParams(await request.text()),
        }
        const access_token = await issuer.sign({
          aud: 'https://backend.example.com',
          sub: 'bdc@example.com',
          scope: 'api',
          exp: SECONDS + 60,
        })
        return HttpResponse.json({
          access_token,
          issued_token_type: uri('access_token'),
          token_type: 'Bearer',
          expires_in: 60,
        })
      }),
    )
    const profile = oidc({
      issuer: 'https://as.example.com',
      clientId: 'rs08',
      clientSecret: 'long-secure-random-secret',
      algorithms: ['ES256'],
      token: { requiredClaims: ['sub'] },
    })
    const clock = { now: () => NOW }
    const options = {
      authorizationServer: connectAuthorizationServer(profile, {
        fetch: (input, init) => fetch(input, init),
        clock,
        timeoutMs: 5_000,
      }),
      identity: admit({ kind: 'user', issuer: 'https://as.example.com', subject: 'bdc@example.com', claims: {} }),
      subjectToken: { token: new Token(SUBJECT_TOKEN), type: 'access_token' },
      resource: 'https://backend.example.com/api',
      scopes: ['api'],
      clock,
    } as const
    // The example's token is for the backend as a whole, which is more than its request names.
    await expect(exchangeToken(options)).rejects.toThrow(InvalidResponseError)
    const exchanged = await exchangeToken({ ...options, audience: 'https://backend.example.com' })
    expect(asked?.authorization).toBe('Basic cnMwODpsb25nLXNlY3VyZS1yYW5kb20tc2VjcmV0')
    expect(asked?.form.get('resource')).toBe('https://backend.example.com/api')
    expect(asked?.form.get('subject_token')).toBe(SUBJECT_TOKEN)
    expect(exchanged).toMatchObject({ scopes: ['api'], expiresAt: SECONDS + 60, verified: true })
    expect(revealToken(exchanged.token)).not.toBe(SUBJECT_TOKEN)
  })
})

describe('RFC 8707', () => {
  for (const wrong of ['api.example.com', '/trade', '//api.example.com/trade', '', 'trade']) {
    verifies('RFC8707-2-absolute', `${JSON.stringify(wrong)} is no resource`, () => {
      expect(() => resource(wrong, { scopes: ['a'], origins: ['https://api.example.com'] })).toThrow(ConfigurationError)
    })
  }

  verifies('RFC8707-2-absolute', 'a URN is one', () => {
    expect(resource('urn:example:api', { scopes: ['a'], origins: ['https://api.example.com'] }).resource).toBe(
      'urn:example:api',
    )
  })

  for (const wrong of ['https://api.example.com/#x', 'https://api.example.com/#']) {
    verifies('RFC8707-2-fragment', wrong, () => {
      expect(() => resource(wrong, { scopes: ['a'] })).toThrow(ConfigurationError)
    })
  }

  verifies('RFC8707-2-invalid_target', 'is told', async () => {
    server.answersWith(() => HttpResponse.json({ error: 'invalid_target' }, { status: 400 }))
    await expect(server.exchange()).rejects.toThrow(OAuthResponseError)
    await expect(server.exchange()).rejects.toMatchObject({ error: 'invalid_target' })
  })

  for (const identifier of [
    'https://api.example.com',
    'https://api.example.com/a%20b?x=1',
    'HTTPS://API.example.com/',
  ]) {
    verifies('RFC8707-2.2-resource', `${identifier} is sent as it is`, async () => {
      server.tokenSays({ aud: identifier })
      await server.exchange({ resource: identifier })
      expect(form().getAll('resource')).toEqual([identifier])
    })
  }

  for (const aud of ['https://other.example.com', `${API}/`, [], undefined]) {
    verifies('RFC8707-2-audience', `a token for ${JSON.stringify(aud)} is refused`, async () => {
      server.tokenSays({ aud })
      await expect(server.exchange()).rejects.toThrow(InvalidResponseError)
    })
  }
})
