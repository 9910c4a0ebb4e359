import { SignInError } from './sign-in-error.ts'

/** Scopes that concern the session and not the MCP server: they ask for an id_token and a refresh token. */
const OF_THE_SESSION = ['openid', 'offline_access']

export const isOfSession = (scope: string): boolean => OF_THE_SESSION.includes(scope)

/**
 * Returns the scopes to register. Adds the scopes of the session that the server supports: some servers limit a client
 * to its registered scopes.
 */
export function registeredScopes(scopes: readonly string[] = [], supported: readonly string[] = []): readonly string[] {
  return scopes.length === 0 ? scopes : [...new Set([...scopes, ...supported.filter(isOfSession)])]
}

/**
 * Returns the scopes to ask for: those that the server wants, limited to `client.scopes` if the app sets it. Adds
 * `openid` and `offline_access` if the authorization server lists them.
 *
 * @throws SignInError `refused`: no scope remains. Without a scope, a server would grant its default scopes.
 */
export function limitScopes(
  wanted: readonly string[],
  limit: readonly string[] | undefined,
  supported: readonly string[] | undefined,
): readonly string[] {
  if (limit === undefined) return wanted
  if (wanted.length === 0) return limit
  const isOwn = (scope: string) => isOfSession(scope) && supported?.includes(scope) === true
  const asked = wanted.filter((scope) => limit.includes(scope) || isOwn(scope))
  if (wanted.every(isOwn) || asked.some((scope) => limit.includes(scope))) return asked
  const both = `the server wants the scopes ${JSON.stringify(wanted.join(' '))}, and \`client.scopes\` has none of them`
  throw new SignInError('refused', both)
}

/**
 * Refuses a step-up that cannot succeed, before a page is shown.
 *
 * @param needed - The scopes of the server's challenge.
 * @param kept - The tokens of the last sign-in, with the scopes that it asked for.
 * @throws SignInError `scope_refused`: `client.scopes` does not list one, or the authorization server was asked and did
 *   not grant it.
 */
export function refuseStepUp(
  needed: readonly string[],
  limit: readonly string[] | undefined,
  kept: { readonly scope?: string | undefined; readonly asked?: string | undefined } | undefined,
): void {
  const own = needed.filter((scope) => !isOfSession(scope))
  const outside = limit && own.find((scope) => !limit.includes(scope))
  if (outside !== undefined) {
    const lists = `\`client.scopes\` lists ${JSON.stringify(limit)}`
    throw new SignInError(
      'scope_refused',
      `the server needs the scope ${JSON.stringify(outside)}, and ${lists}: add it`,
    )
  }
  // RFC 6749 §5.1: a response without scopes grants what was asked for.
  const { asked = '', scope: granted = asked } = kept ?? {}
  const lacks = own.find((scope) => asked.split(' ').includes(scope) && !granted.split(' ').includes(scope))
  if (lacks === undefined) return
  const both = `the authorization server granted this user ${JSON.stringify(granted)} and not ${JSON.stringify(lacks)}`
  throw new SignInError('scope_refused', `${both}, which the server needs: grant it there, then sign out and in again`)
}
