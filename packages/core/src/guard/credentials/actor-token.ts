import type { AgentIdentity } from '../../base/contract/index.ts'
import { BehalfError, ConfigurationError } from '../../base/errors/index.ts'
import type { IssuedToken } from '../../credential/index.ts'
import { subjectTokenOf } from '../../identity/subject-token.ts'
import { isVerified } from '../../identity/verified.ts'
import { type TokenCacheKey, tokenCacheKey } from '../../token-exchange/token-cache-key.ts'
import type { TokenSources } from '../guard-parts.ts'

/** The app's function has no token for this issuer. Nothing is cached then. */
class NotGiven extends Error {}

/**
 * Returns the agent's own token for an exchange at this issuer, if the app provides one (`agent.actorToken`). This
 * process caches it with its other tokens, until shortly before it expires.
 *
 * @throws ConfigurationError The function returned no verified identity of the agent at this issuer, or the issuer
 *   refused the agent. The user cannot fix this, so no new login is requested.
 */
export async function actorToken(
  issuer: string,
  sources: TokenSources,
  signal: AbortSignal,
): Promise<IssuedToken | undefined> {
  const { actorToken: give } = sources.agent
  if (give === undefined) return undefined
  const load = async (ending: AbortSignal) => issuedTo(await give({ issuer, signal: ending }), issuer)
  try {
    return await sources.tokens.get(keyOf(issuer, sources), load, signal)
  } catch (error) {
    if (error instanceof NotGiven) return undefined
    if (!BehalfError.isInstance(error) || error.code !== 'ERR_OAUTH_RESPONSE' || isTemporary(error)) throw error
    throw new ConfigurationError('agent.actorToken', `the agent got no token of its own: ${error.message}`, {
      cause: error,
    })
  }
}

/** Returns whether a refusal is temporary, by RFC 6749 §4.1.2.1, whose codes token endpoints use too. */
function isTemporary(refusal: BehalfError): boolean {
  const { error } = refusal as BehalfError & { readonly error?: unknown }
  return error === 'temporarily_unavailable' || error === 'server_error'
}

/** Drops the token that was sent with a refused exchange: the issuer may have refused it because of this token. */
export function dropActorToken(issuer: string, sources: TokenSources): void {
  if (sources.agent.actorToken !== undefined) sources.tokens.delete(keyOf(issuer, sources))
}

/** No API is called so: a resource is an absolute URI. */
const target = 'actor_token'

function keyOf(issuer: string, { servers }: TokenSources): TokenCacheKey {
  const { clientId } = servers.of(issuer).profile
  return tokenCacheKey({ kind: 'agent', issuer, clientId, claims: {} }, { source: 'resource', target, scopes: [] })
}

function issuedTo(agent: AgentIdentity | undefined, issuer: string): IssuedToken {
  if (agent === undefined) throw new NotGiven()
  const held = isVerified(agent) && agent.kind === 'agent' ? subjectTokenOf(agent) : undefined
  if (held === undefined) {
    throw new ConfigurationError('agent.actorToken', 'give the identity of the agent, as requestAgentIdentity makes it')
  }
  // I6: no other server may see it.
  if (agent.issuer !== issuer) {
    throw new ConfigurationError('agent.actorToken', `is from ${agent.issuer}: get it from ${issuer}`)
  }
  const { expiresAt } = agent
  return { token: held.token, scopes: held.scopes ?? [], ...(expiresAt !== undefined && { expiresAt }) }
}
