import { createLocalJWKSet, type JWK, jwtVerify } from 'jose'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { ServerContext } from './server-context.ts'

type Next = () => Promise<unknown>

/** Path of UserInfo: the same as at the mocked server. */
export const USER_INFO_PATH = '/userinfo'

/**
 * Answers UserInfo for a bearer token that a login issued, whatever API the token is for: the library takes only tokens
 * of no API, and a login here always has one. Does not take tokens that are bound to a key.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#UserInfo | OpenID Connect Core §5.3}
 */
export function answerUserInfo(context: ServerContext): (ctx: KoaContextWithOIDC, next: Next) => Promise<void> {
  return async (ctx, next) => {
    if (ctx.path !== USER_INFO_PATH) return void (await next())
    const [, token = ''] = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(ctx.get('authorization')) ?? []
    const claims = await claimsFor(context, token)
    ctx.set('cache-control', 'no-store')
    if (claims === undefined) {
      ctx.status = 401
      ctx.set('www-authenticate', 'Bearer error="invalid_token"')
      ctx.body = { error: 'invalid_token', error_description: 'no valid bearer token of a login came' }
      return
    }
    ctx.body = claims
  }
}

async function claimsFor(context: ServerContext, token: string): Promise<object | undefined> {
  const { provider, state } = context
  const read = (await provider.AccessToken.find(token)) ?? (await verified(context, token))
  if (read === undefined) return undefined
  const { jti, cnf } = read as { readonly jti: string; readonly cnf?: unknown }
  const grant = await provider.Grant.find(state.grantsByTokenId.get(jti) ?? '')
  const scopes = grant?.getOIDCScope().split(' ') ?? []
  const user = state.users.get(grant?.accountId ?? '')
  if (user === undefined || cnf !== undefined || !scopes.includes('openid')) return undefined
  const { subject: sub, name, email } = user
  return {
    sub,
    ...(scopes.includes('profile') && name !== undefined && { name }),
    ...(scopes.includes('email') && email !== undefined && { email, email_verified: true }),
  }
}

async function verified({ issuer, key }: ServerContext, token: string): Promise<object | undefined> {
  const { d: _, ...publicKey }: JWK = key
  const keys = createLocalJWKSet({ keys: [publicKey] })
  return jwtVerify(token, keys, { issuer, typ: 'at+jwt' }).then(
    ({ payload }) => payload,
    () => undefined,
  )
}
