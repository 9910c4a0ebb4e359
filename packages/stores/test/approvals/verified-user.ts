import { generateKeyPairSync, sign } from 'node:crypto'
import { type UserIdentity, verifyAccessToken } from '@behalf/core'
import { oidc } from '@behalf/core/providers'

const ISSUER = 'https://issuer.example'
const AUDIENCE = 'https://agent.example'

export const profile = oidc({
  issuer: ISSUER,
  clientId: 'agent',
  clientSecret: 'a-client-secret',
  algorithms: ['ES256'],
})

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const documents: Readonly<Record<string, object>> = {
  '/.well-known/openid-configuration': {
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/jwks`,
    authorization_endpoint: `${ISSUER}/authorize`,
    token_endpoint: `${ISSUER}/token`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  },
  '/jwks': { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256', use: 'sig' }] },
}

const verified = new Map<string, Promise<UserIdentity>>()

/** A user, by a token of this process's own issuer: the same one in every process, as far as a binding goes. */
export function verifiedUser(subject = 'ann'): Promise<UserIdentity> {
  const user = verified.get(subject) ?? verify(subject)
  verified.set(subject, user)
  return user
}

async function verify(subject: string): Promise<UserIdentity> {
  const now = Math.floor(Date.now() / 1000)
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { iss: ISSUER, sub: subject, aud: AUDIENCE, client_id: 'agent', iat: now, exp: now + 3600, jti: '1' }
  const signed = `${part({ alg: 'ES256', typ: 'at+jwt', kid: 'k' })}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const identity = await verifyAccessToken(`${signed}.${signature.toString('base64url')}`, {
    authorizationServer: profile,
    audience: AUDIENCE,
    fetch: async (input) => {
      const { pathname } = new URL(input instanceof Request ? input.url : input)
      return Response.json(documents[pathname] ?? {})
    },
  })
  if (identity.kind !== 'user') throw new Error('a user was expected')
  return identity
}
