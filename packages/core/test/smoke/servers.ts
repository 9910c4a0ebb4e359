import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

export const issuer = 'https://as.example.com'
export const agentUrl = 'https://agent.example.com'
export const api = 'https://api.example.com'
export const fga = 'https://fga.example.com'
export const storeId = '01KAZ0000000000000000STORE'
export const modelId = '01KAZ0000000000000000MODEL'

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/** An authorization server, an OpenFGA server and an API behind one `fetch`: no network, no mock library. */
export async function startServers(now: () => number) {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'k-1', alg: 'ES256', use: 'sig' }]
  const seconds = () => Math.floor(now() / 1000)
  const sign = (claims: JWTPayload, typ = 'at+jwt') =>
    new SignJWT({ iss: issuer, sub: 'ann', client_id: 'agent', jti: crypto.randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k-1', typ })
      .setIssuedAt(seconds())
      .setExpirationTime(seconds() + 300)
      .sign(privateKey)
  const state = { approved: false, orders: [] as { authorization: string | null; dpop: string | null }[] }

  const token = async (form: URLSearchParams): Promise<Response> => {
    const grant = form.get('grant_type') ?? ''
    if (grant.endsWith(':token-exchange')) {
      const claims = { aud: form.get('resource') ?? '', scope: form.get('scope') ?? '', act: { sub: 'agent' } }
      const answer = { issued_token_type: accessTokenType, token_type: 'Bearer', expires_in: 300 }
      return Response.json({ access_token: await sign(claims), ...answer })
    }
    if (!state.approved) return Response.json({ error: 'authorization_pending' }, { status: 400 })
    const idToken = await sign({ aud: 'agent' }, 'JWT')
    return Response.json({ access_token: 'evidence', token_type: 'Bearer', id_token: idToken, expires_in: 300 })
  }

  const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    const { origin, pathname } = new URL(request.url)
    if (origin === fga) {
      const { checks } = (await request.json()) as {
        checks: { correlation_id: string; tuple_key: { object: string } }[]
      }
      const allowed = (object: string) => object !== 'portfolio:p-bob'
      const results = checks.map(({ correlation_id: id, tuple_key: key }) => [id, { allowed: allowed(key.object) }])
      const headers = { 'openfga-authorization-model-id': modelId }
      return Response.json({ result: Object.fromEntries(results) }, { headers })
    }
    if (origin === api) {
      state.orders.push({ authorization: request.headers.get('authorization'), dpop: request.headers.get('dpop') })
      return Response.json({ id: `order-${state.orders.length}` })
    }
    switch (pathname) {
      case '/.well-known/openid-configuration':
        return Response.json({
          issuer,
          jwks_uri: `${issuer}/jwks`,
          token_endpoint: `${issuer}/token`,
          backchannel_authentication_endpoint: `${issuer}/bc`,
          id_token_signing_alg_values_supported: ['ES256'],
        })
      case '/jwks':
        return Response.json({ keys })
      case '/bc':
        return Response.json({ auth_req_id: 'request-1', expires_in: 300, interval: 5 })
      default:
        return token(new URLSearchParams(await request.text()))
    }
  }
  return { fetch, sign, state }
}
