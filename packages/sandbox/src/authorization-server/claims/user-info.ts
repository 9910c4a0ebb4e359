import { FURTHER_PATHS, standardClaims, TOKEN_TYPE, verifyOwnToken } from '@behalf/testing/authorization-server'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { ServerContext } from '../server-context.ts'

type Next = () => Promise<unknown>

/**
 * Answers UserInfo for a bearer token that a login issued, whatever API the token is for: the library takes only tokens
 * of no API, and a login here always has one. Does not take tokens that are bound to a key.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#UserInfo | OpenID Connect Core §5.3}
 */
export function answerUserInfo(context: ServerContext): (ctx: KoaContextWithOIDC, next: Next) => Promise<void> {
  return async (ctx, next) => {
    if (ctx.path !== FURTHER_PATHS.userinfo) return void (await next())
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
  const verified = () => verifyOwnToken(context, token, TOKEN_TYPE.accessToken, 'the token').catch(() => undefined)
  const read = (await provider.AccessToken.find(token)) ?? (await verified())
  if (read === undefined) return undefined
  const { jti, cnf } = read as { readonly jti: string; readonly cnf?: unknown }
  const grant = await provider.Grant.find(state.grantsByTokenId.get(jti) ?? '')
  const scopes = grant?.getOIDCScope().split(' ') ?? []
  const { accountId: sub = '' } = grant ?? {}
  if (!state.users.has(sub) || cnf !== undefined || !scopes.includes('openid')) return undefined
  return { ...standardClaims(context, sub, scopes), sub }
}
