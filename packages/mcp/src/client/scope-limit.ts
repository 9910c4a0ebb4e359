import { SignInError } from './sign-in-error.ts'

/** Scopes of the session itself and not of the MCP server: an id_token, and a refresh token. */
const OF_THE_SESSION = ['openid', 'offline_access']

/**
 * The scopes that are asked for, of those that the server wants: within `client.scopes`, where the app names them, beside
 * `openid` and `offline_access` where the authorization server lists them.
 *
 * @throws SignInError `refused`: none is left. Without a scope, a server would grant its default.
 */
export function limitScopes(
  wanted: readonly string[],
  limit: readonly string[] | undefined,
  supported: readonly string[] | undefined,
): readonly string[] {
  if (limit === undefined) return wanted
  if (wanted.length === 0) return limit
  const isOwn = (scope: string) => OF_THE_SESSION.includes(scope) && supported?.includes(scope) === true
  const asked = wanted.filter((scope) => limit.includes(scope) || isOwn(scope))
  if (wanted.every(isOwn) || asked.some((scope) => limit.includes(scope))) return asked
  const both = `the server wants the scopes ${JSON.stringify(wanted.join(' '))}, and \`client.scopes\` has none of them`
  throw new SignInError('refused', both)
}
