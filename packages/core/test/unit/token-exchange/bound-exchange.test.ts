import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { Token } from '../../../src/credential/index.ts'
import { generateDpopKey, importDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { TokenCache } from '../../../src/token-exchange/token-cache.ts'
import { tokenCacheKey } from '../../../src/token-exchange/token-cache-key.ts'
import { rejection } from '../oauth/mock-issuer.ts'
import { ann, exchangeServer, SUBJECT_TOKEN } from './exchange-server.ts'

const server = await exchangeServer()
const key = await generateDpopKey()
const authorizationServer = server.connect({ dpop: key })
const bound = { token: new Token(SUBJECT_TOKEN), type: 'access_token', keyThumbprint: key.thumbprint } as const
const refusal = (options: object) => rejection(server.exchange({ authorizationServer, ...options }))

describe('with a key of the profile', () => {
  test('the new token is bound to it, and comes with it', async () => {
    server.answerSays({ token_type: 'DPoP' })
    server.tokenSays({ cnf: { jkt: key.thumbprint } })
    const exchanged = await server.exchange({ authorizationServer, subjectToken: bound })
    expect(exchanged).toMatchObject({ verified: true, dpop: key })
  })

  test(verifies('I8', 'a bound subject never comes back as Bearer (I8)'), async () => {
    expect(await refusal({ subjectToken: bound })).toMatchObject({
      code: 'ERR_INVALID_RESPONSE',
      message: expect.stringContaining('unbound'),
    })
  })

  test('nor does any other, where our key was proved: a server that ignores the proof is not believed', async () => {
    expect(await refusal({})).toMatchObject({
      code: 'ERR_INVALID_RESPONSE',
      message: expect.stringContaining('our key was proved'),
    })
  })

  test.each([
    ['another key', { token_type: 'DPoP' }, { cnf: { jkt: 'another' } }],
    ['no key, where the answer says DPoP', { token_type: 'DPoP' }, {}],
    ['a key, where the answer says Bearer', {}, { cnf: { jkt: key.thumbprint } }],
    ['a certificate as well', { token_type: 'DPoP' }, { cnf: { jkt: key.thumbprint, 'x5t#S256': 'x' } }],
  ])('a token bound to %s is dropped', async (_name, answer, claims) => {
    server.answerSays(answer)
    server.tokenSays(claims)
    expect(await refusal({})).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })

  test(
    verifies('I8', 'what is bound to a key of this process alone is not kept; what is bound to an imported one is'),
    async () => {
      const own = await importDpopKey(
        await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']),
      )
      for (const [dpop, size] of [
        [key, 0],
        [own, 1],
      ] as const) {
        const cache = new TokenCache()
        const issued = { token: new Token('t'), scopes: ['a'], expiresAt: Date.now() / 1000 + 600, dpop }
        await cache.get(
          tokenCacheKey(
            { kind: 'agent', issuer: 'https://issuer.example', clientId: 'agent', claims: {} },
            { source: 'resource', target: 'https://api.example/', scopes: [] },
          ),
          async () => issued,
        )
        expect(cache.size).toBe(size)
      }
    },
  )
})

test('an identity that no verification made is not exchanged for', async () => {
  const error = await rejection(server.exchange({ identity: { ...ann } as UserIdentity }))
  expect(error).toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
  expect(server.forms).toEqual([])
})
