import {
  epochSeconds,
  newSession,
  OPENID_SCOPES,
  permitted,
  type Session,
  unknownScope,
  userOf,
  words,
} from '@behalf/testing/authorization-server'
import { errors, type Grant, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { grantOf } from '../grants/grant-of.ts'
import type { ServerContext } from '../server-context.ts'

const SESSION_SECONDS = 24 * 60 * 60

/** Starts a session of the library for a user. The next authorization request is theirs. */
export async function startSession(
  context: ServerContext,
  subject: string,
  login: { readonly acr?: string | undefined; readonly authTime?: number | undefined },
): Promise<Session> {
  const signedIn = newSession(context, subject, login)
  const session = Object.assign(new context.provider.Session(), {
    jti: signedIn.sessionId,
    uid: signedIn.sessionId,
    accountId: subject,
    acr: signedIn.acr,
    loginTs: signedIn.authTime,
  })
  await session.save(SESSION_SECONDS)
  return signedIn
}

/** Returns the cookie of the signed-in user's browser, which comes with every authorization request. */
export function sessionCookie({ provider, state }: ServerContext): string {
  return state.signedIn === undefined ? '' : `${provider.cookieName('session')}=${state.signedIn.sessionId}`
}

/** Returns a policy without pages: the only question would be who the user is, and a control has answered that. */
export function withoutPages(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base()
  const login = policy.get('login')
  login?.checks.remove('login_prompt')
  login?.checks.remove('max_age')
  policy.get('consent')?.checks.clear()
  return policy
}

/** Throws at a place where a page would be shown. */
export function refusePage(): never {
  throw new errors.LoginRequired('no user is signed in; call signInAs first')
}

/**
 * Agrees for the signed-in person.
 *
 * `prompt=login`, a passed `max_age` and a requested `acr_values` log them in again, which takes no page and no time.
 */
export async function agree(context: ServerContext, ctx: KoaContextWithOIDC): Promise<Grant> {
  const { oidc } = ctx
  const { session } = oidc
  const { max_age: maxAge, acr_values: acrValues, scope } = oidc.params ?? {}
  const wanted = words(acrValues)
  const acr = wanted.length === 0 || wanted.includes(session?.acr ?? '') ? session?.acr : wanted[0]
  const isOld = maxAge !== undefined && epochSeconds() - (session?.authTime() ?? 0) > Number(maxAge)
  if (session !== undefined && (isOld || oidc.prompts.has('login') || acr !== session.acr)) {
    if (oidc.prompts.has('none')) throw new errors.LoginRequired('the login is too old or too weak')
    session.loginAccount({
      accountId: session.accountId as string,
      loginTs: epochSeconds(),
      ...(acr !== undefined && { acr }),
    })
  }
  const subject = oidc.account?.accountId as string
  const scopes = words(scope)
  checkScopes(context, oidc, subject, scopes)
  return grantOf(context, {
    clientId: oidc.client?.clientId as string,
    subject,
    scopes,
    resources: Object.keys(oidc.resourceServers ?? {}),
  })
}

/** Refuses a scope that the APIs do not have, and a request for nothing that the user may have. */
function checkScopes(
  context: ServerContext,
  { resourceServers, params }: KoaContextWithOIDC['oidc'],
  subject: string,
  scopes: readonly string[],
): void {
  const known = Object.values(resourceServers ?? {}).flatMap((server) => words(server.scope))
  const unknown = scopes.find((name) => !OPENID_SCOPES.has(name) && !known.includes(name))
  if (unknown !== undefined) throw new errors.InvalidScope(unknownScope(unknown), unknown)
  // The library refuses such a request too, and gives no reason.
  const isForNothing = scopes.length > 0 && permitted(context, subject, scopes).length === 0
  if (!isForNothing || params?.authorization_details !== undefined) return
  const permissions = userOf(context, subject).permissions?.join(' ') || 'empty'
  throw new errors.AccessDenied(
    `${subject} lacks ${scopes.join(' ')}; their permissions are ${permissions}. Ask for one of these, or change them by controls.changeUser`,
  )
}
