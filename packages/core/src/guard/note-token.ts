import type { TokenEvent } from '../contract/index.ts'
import type { IssuedToken } from '../credential/index.ts'
import { callOf, principalOf } from './auditor.ts'
import type { Environment } from './environment.ts'
import type { Progress } from './progress.ts'

/** Puts a token on record by audience, scopes and actor; never by its value. */
export function noteToken(
  progress: Progress,
  { auditor }: Environment,
  {
    source,
    audience,
    issued,
    startedAt,
  }: Pick<TokenEvent, 'source' | 'audience' | 'startedAt'> & {
    readonly issued: IssuedToken
  },
): void {
  if (auditor.isSilent) return
  const { actor } = issued
  auditor.note({
    type: 'token',
    tool: progress.invocation.tool,
    ...principalOf(progress.identity),
    ...callOf(progress),
    source,
    audience,
    scopes: issued.scopes,
    ...(issued.expiresAt !== undefined && { expiresAt: issued.expiresAt }),
    ...(actor !== undefined && { actor }),
    ...(source !== 'vault' &&
      progress.identity?.kind === 'user' && {
        semantics: actor === undefined ? ('impersonation' as const) : ('delegation' as const),
      }),
    ...(startedAt !== undefined && { startedAt }),
  })
}
