import { expect } from 'vitest'
import type { Scenario } from './session.ts'

export const discovery: readonly Scenario[] = [
  {
    title: 'both documents name the issuer, and what a careful client looks for',
    async run({ issuer }) {
      for (const document of ['openid-configuration', 'oauth-authorization-server']) {
        const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/${document}`)
        expect(await response.json()).toMatchObject({
          issuer,
          authorization_response_iss_parameter_supported: true,
          code_challenge_methods_supported: ['S256'],
          backchannel_token_delivery_modes_supported: ['poll', 'ping'],
          dpop_signing_alg_values_supported: expect.arrayContaining(['ES256']),
        })
      }
    },
  },
  {
    title: 'the key in the JWKS is the one that tokens verify with, and shows nothing private',
    async run(session) {
      const response = await fetch(await session.endpoint('jwks_uri'))
      const { keys } = (await response.json()) as { readonly keys: readonly Record<string, unknown>[] }
      const { kid, ...key } = await session.target.authorizationServer.publicKey()
      expect(keys).toContainEqual(expect.objectContaining({ ...key, kid }))
      expect(keys.filter((one) => 'd' in one || 'k' in one)).toEqual([])
      expect((await session.signIn()).subject).toBe(session.target.users.ann.subject)
    },
  },
  {
    title: 'a token of another issuer is refused before a request goes there',
    async run(session) {
      const { accessToken } = await session.login()
      const other = { ...session.profile(), issuer: session.target.upstream.issuer }
      const verified = session.verify(accessToken, session.target.agentResource, other)
      await expect(verified).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'issuer' })
    },
  },
]
