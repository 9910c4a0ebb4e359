import type { IssuedToken } from '../credential/index.ts'
import { scopesFor } from './check-roles.ts'
import { connectionToken } from './connection-token.ts'
import type { Environment } from './environment.ts'
import type { Progress } from './progress.ts'
import type { Stop } from './stop.ts'
import { tokenKey } from './token-key.ts'

/** The tokens that the cache has for this call: looked up once, and again after any wait, since they may have run out. */
export function cachedTokens(
  progress: Progress,
  { tokens, servers, clock }: Environment,
): readonly (IssuedToken | undefined)[] {
  const { definition, identity, suspended } = progress
  if (progress.cached !== undefined && !suspended) return progress.cached
  const now = suspended ? clock.now() : progress.checkedAt
  progress.cached = definition.access.map(([, rule]) =>
    identity === undefined ? undefined : tokens.peek(tokenKey(identity, rule, scopesFor(progress, rule), servers), now),
  )
  return progress.cached
}

/** Step 5 where nobody has to be asked: a token that is still in the cache proves the link. */
export function areConnected(progress: Progress, environment: Environment): boolean {
  const cached = cachedTokens(progress, environment)
  const { access } = progress.definition
  for (let index = 0; index < access.length; index++) {
    if (access[index]?.[1].kind === 'connection' && cached[index] === undefined) return false
  }
  progress.passed('connection', 'linked')
  return true
}

/**
 * Step 5: every account that the policy names is linked with its scopes, before a person is asked for anything.
 *
 * What was fetched stays in the cache for step 7.
 */
export async function checkConnections(progress: Progress, environment: Environment): Promise<Stop | undefined> {
  const rules = progress.definition.access.flatMap(([, rule]) => (rule.kind === 'connection' ? [rule] : []))
  // All at once, and the first one missing in the policy's order: the same answer each time.
  const found = await Promise.all(rules.map((rule) => connectionToken(progress, rule, environment)))
  for (const token of found) if ('status' in token) return token
  progress.passed('connection', 'linked')
  return undefined
}
