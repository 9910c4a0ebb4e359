import type { Entry } from '../approvals/index.ts'
import type { AccessRule, Call, ConnectionRule, Credential, ResourceRule } from '../contract/index.ts'
import { createCredential, type IssuedToken, type OpenCredential, Token } from '../credential/index.ts'
import { subjectTokenOf } from '../identity/subject-token.ts'
import { exchangeToken } from '../token-exchange/index.ts'
import { principalOf } from './auditor.ts'
import { scopesFor } from './check-roles.ts'
import { connectionToken } from './connection-token.ts'
import type { Environment } from './environment.ts'
import type { Progress } from './progress.ts'
import { loginRequired, type Stop } from './stop.ts'
import { tokenKey } from './token-key.ts'

/** The credentials of one call, open until it ends. */
export interface OpenedAccess {
  readonly credentials: Call['access']
  close(): void
}

/** A token for one credential, and how to get another one where that is allowed. */
export interface Found {
  readonly issued: IssuedToken
  readonly refresh?: () => Promise<IssuedToken | undefined>
}

const nothing: OpenedAccess = { credentials: Object.freeze({}), close: () => {} }

/** Step 7, as far as it needs no I/O: everything is in the cache. `undefined` when something is not. */
export function openCached(progress: Progress, environment: Environment): OpenedAccess | undefined {
  const { access } = progress.definition
  if (access.length === 0) return nothing
  // What belongs to an approval is never cached (I2).
  if (progress.needsApproval) return undefined
  const found: Found[] = []
  for (const [, rule] of access) {
    const key = tokenKey(progress, rule)
    const issued = environment.tokens.peek(key)
    if (issued === undefined) return undefined
    found.push({ issued, refresh: () => renew(progress, rule, key, environment) })
  }
  return opened(progress, found, environment)
}

/** Step 7: every credential that the policy names, from the approval, the cache, an exchange or the vault (A9, I5). */
export async function openAccess(
  progress: Progress,
  entry: Entry | undefined,
  environment: Environment,
): Promise<OpenedAccess | Stop> {
  const results = await Promise.all(
    progress.definition.access.map(([, rule]) =>
      rule.kind === 'connection'
        ? connectionToken(progress, rule, environment)
        : resourceToken(progress, rule, entry, environment),
    ),
  )
  const found: Found[] = []
  for (const result of results) {
    if ('status' in result) return result
    found.push(result)
  }
  return found.length === 0 ? nothing : opened(progress, found, environment)
}

function opened(progress: Progress, found: readonly Found[], environment: Environment): OpenedAccess {
  const open: OpenCredential[] = []
  const credentials: Record<string, Credential> = {}
  progress.definition.access.forEach(([name, rule], index) => {
    const { issued, refresh } = found[index] as Found
    const credential = createCredential({
      ...issued,
      name,
      origins: rule.origins,
      fetch: environment.fetch,
      signal: progress.invocation.signal,
      refresh,
      onRawToken: () =>
        environment.auditor.demand({
          type: 'raw_token',
          tool: progress.invocation.tool,
          ...principalOf(progress.identity),
          credential: name,
        }),
    })
    open.push(credential)
    credentials[name] = credential.credential
  })
  progress.passed('access', 'credentials are ready')
  return {
    credentials,
    close: () => {
      for (const credential of open) credential.close()
    },
  }
}

async function resourceToken(
  progress: Progress,
  rule: ResourceRule,
  entry: Entry | undefined,
  environment: Environment,
): Promise<Found | Stop> {
  const approved = entry?.record
  if (approved?.token !== undefined && approved.question?.credential?.resource === rule.resource) {
    // A9 (a): the approval's own token is the credential, and is never replaced by another.
    const { value, scopes, expiresAt } = approved.token
    return { issued: { token: new Token(value), scopes, ...(expiresAt !== undefined && { expiresAt }) } }
  }
  if (progress.needsApproval) return { issued: await exchange(progress, rule, entry, environment, progress.signal) }
  const key = tokenKey(progress, rule)
  const issued = await environment.tokens.get(
    key,
    (signal) => exchange(progress, rule, undefined, environment, signal),
    progress.signal,
  )
  return { issued, refresh: () => renew(progress, rule, key, environment) }
}
