import type { AccessRule, Call, Credential } from '../../base/contract/index.ts'
import {
  createCredential,
  IdempotencyKeys,
  type IssuedToken,
  type OpenCredential,
  type Token,
} from '../../credential/index.ts'
import { actsForAnother } from '../../identity/run-as.ts'
import { type ApprovedCall, needsApproval, type PermittedCall } from '../call/call.ts'
import { type CachedTokens, type CallCredentials, type FoundToken, noAccess } from '../call/call-credentials.ts'
import type { Finding } from '../call/call-report.ts'
import type { Refusal } from '../call/refusal.ts'
import type { TokenSources } from '../guard-parts.ts'
import { cachedTokens } from './check-links.ts'
import { connectionAccessOf } from './connection-access.ts'
import { renewedToken, resourceToken } from './resource-token.ts'

type Obtained = Finding<{ readonly access: CallCredentials; readonly cached?: CachedTokens | undefined }>

const nothing: Obtained = { facts: { access: noAccess } }

/**
 * Opens the credentials of a call if all tokens are cached.
 * @param cached - Result of a cache lookup just before.
 * @returns `undefined` if a token is missing.
 */
export function cachedCredentials(
  call: PermittedCall,
  sources: TokenSources,
  cached: CachedTokens,
): Obtained | undefined {
  if (call.policy.access.length === 0) return nothing
  // A token that belongs to an approval is never cached (I2).
  if (needsApproval(call)) return undefined
  if (cached.includes(undefined)) return undefined
  const found = cached.map((issued) => ({ issued: issued as IssuedToken, cached: true }))
  return obtained(call, found, cached, sources)
}

/** Opens every credential that the policy names: from the approval, the cache, an exchange or the vault (A9, I5). */
export async function obtainCredentials(call: ApprovedCall, sources: TokenSources): Promise<Obtained | Refusal> {
  const cached = cachedTokens(call, sources, sources.clock.now())
  const warm = cachedCredentials(call, sources, cached)
  if (warm !== undefined) return warm
  const results = await Promise.all(call.policy.access.map(([, rule]) => fetched(call, rule, sources)))
  const refusal = results.find((result) => 'status' in result)
  if (refusal !== undefined) return refusal
  const found = results as readonly FoundToken[]
  const tokens = found.map(({ issued }) => issued)
  return obtained(call, found, tokens, sources)
}

async function fetched(call: ApprovedCall, rule: AccessRule, sources: TokenSources): Promise<FoundToken | Refusal> {
  if (rule.kind === 'resource') {
    // The token of an approval counts only if that approval entitles this call.
    const answered = call.run?.entitled.kind === 'answered' ? call.run.entry : undefined
    return resourceToken(call, rule, answered, sources)
  }
  const token = await connectionAccessOf(rule).token(call, rule, sources)
  return 'status' in token ? token : { issued: token, cached: true }
}

const obtained = (
  call: PermittedCall,
  found: readonly FoundToken[],
  cached: CachedTokens,
  sources: TokenSources,
): Obtained => ({
  facts: { access: new ObtainedCredentials(call, found, sources), cached },
  detail: readiness(call, found),
})

/** Names the credentials of a user that do not name the agent: the API takes the agent for the user (RFC 8693 §1.1). */
function readiness({ policy, identity }: PermittedCall, found: readonly FoundToken[]): string {
  let silent = ''
  if (identity.kind === 'user') {
    let index = 0
    for (const [name, rule] of policy.access) {
      const { actor } = (found[index++] as FoundToken).issued
      if (rule.kind !== 'resource' || actor !== undefined) continue
      silent += silent === '' ? name : `, ${name}`
    }
  }
  return silent === '' ? READY : `${READY}; impersonation, since the token names no actor: ${silent}`
}

const READY = 'credentials are ready'

/** Creates the credentials when the body first reads them: many bodies use none. */
class ObtainedCredentials implements CallCredentials {
  readonly #call: PermittedCall
  readonly #found: readonly FoundToken[]
  readonly #sources: TokenSources
  readonly #open: OpenCredential[] = []
  #credentials: Call['access'] | undefined
  #keys: IdempotencyKeys | undefined
  #isClosed = false

  constructor(call: PermittedCall, found: readonly FoundToken[], sources: TokenSources) {
    this.#call = call
    this.#found = found
    this.#sources = sources
  }

  get credentials(): Call['access'] {
    this.#credentials ??= this.#make()
    return this.#credentials
  }

  tokens(): readonly Token[] {
    return this.#found.flatMap(({ issued }, index) => this.#open[index]?.tokens ?? issued.token)
  }

  useIdempotencyKey(key: string): void {
    this.#keys = new IdempotencyKeys(key)
  }

  mayHaveActed(): boolean {
    return this.#open.some((credential) => credential.mayHaveActed)
  }

  close(): void {
    this.#isClosed = true
    for (const credential of this.#open) credential.close()
  }

  #make(): Call['access'] {
    const call = this.#call
    const sources = this.#sources
    const credentials: Record<string, Credential> = {}
    call.policy.access.forEach(([name, rule], index) => {
      const { issued, cached } = this.#found[index] as FoundToken
      const credential = createCredential({
        name,
        issued,
        origins: rule.origins,
        idempotencyHeader: rule.idempotencyHeader,
        idempotencyKeys: this.#keys,
        fetch: sources.fetch,
        signal: call.invocation.signal,
        refresh: cached ? () => renewed(call, rule, issued, sources) : undefined,
        actsForAnother: () => actsForAnother(call.identity),
        onRawToken: () => call.report.recordRawToken(name),
        onUnsafe: (method) => {
          const { effect, rules } = call.policy
          if (effect === 'read' && rules.effect === undefined) call.report.unnamed(`${name} sent ${method}`)
        },
      })
      if (this.#isClosed) credential.close()
      this.#open.push(credential)
      credentials[name] = credential.credential
    })
    return credentials
  }
}

function renewed(
  call: PermittedCall,
  rule: AccessRule,
  rejected: IssuedToken,
  sources: TokenSources,
): Promise<IssuedToken | undefined> {
  // The deadline of the steps before the body is over.
  return call.deadline.duringBody(async () => {
    // A revocation does not stop a running body, but the body gets no new token after it (I11).
    if ((await sources.revocations.findNow(call.identity, sources.clock.now())) !== undefined) return undefined
    return rule.kind === 'resource'
      ? renewedToken(call, rule, rejected, sources)
      : connectionAccessOf(rule).renewed(call, rule, rejected, sources)
  })
}
