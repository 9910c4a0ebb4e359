import { connectionToken } from './connection-token.ts'
import type { Environment } from './environment.ts'
import type { Progress } from './progress.ts'
import type { Stop } from './stop.ts'
import { tokenKey } from './token-key.ts'

/**
 * Step 5: every account that the policy names is linked with its scopes, before a person is asked for anything.
 *
 * What was fetched stays in the cache for step 7; a token that is still there proves the link.
 */
export async function checkConnections(progress: Progress, environment: Environment): Promise<Stop | undefined> {
  for (const [, rule] of progress.definition.access) {
    if (rule.kind !== 'connection' || progress.identity === undefined) continue
    if (environment.tokens.peek(tokenKey(progress.identity, rule, rule.scopes)) !== undefined) continue
    const found = await connectionToken(progress, rule, environment)
    if ('status' in found) return found
  }
  progress.passed('connection', 'linked')
  return undefined
}
