import type { Entry } from '../approvals/index.ts'
import type { AccessRule, Call, ConnectionRule, Credential } from '../contract/index.ts'
import {
  type CredentialOptions,
  createCredential,
  type IssuedToken,
  type OpenCredential,
  revealToken,
  type Token,
} from '../credential/index.ts'
import { actsForAnother } from '../identity/run-as.ts'
import { callOf, principalOf } from './auditor.ts'
import { cachedTokens } from './check-connections.ts'
import { scopesFor } from './check-roles.ts'
import { connectionToken } from './connection-token.ts'
import type { Credentialed } from './credentialed.ts'
import type { Environment } from './environment.ts'
import type { Progress } from './progress.ts'
import { renewedToken, resourceToken } from './resource-token.ts'
import type { Stop } from './stop.ts'
import { tokenKey } from './token-key.ts'

/** The credentials of one call, open until it ends. */
export interface OpenedAccess {
  readonly credentials: Call['access']
  /** Every token that the body may have seen. */
  tokens(): readonly Token[]
  /** From here on requests that write carry this key, where their rule names a header for it. */
  useIdempotencyKey(key: string): void
  /** Whether a body that used these may have changed something: without credentials, nobody has seen. */
  mayHaveActed(): boolean
  close(): void
}

interface Found {
  readonly issued: IssuedToken
  readonly cached: boolean
}

const nothing: OpenedAccess = {
  credentials: Object.freeze({}),
  tokens: () => [],
  useIdempotencyKey: () => {},
  mayHaveActed: () => true,
  close: () => {},
}

/** Step 7 where nothing is to be fetched. `undefined` when something is. */
export function openCached(progress: Progress, environment: Environment): OpenedAccess | undefined {
  const { definition, identity } = progress
  if (definition.access.length === 0) return nothing
  // What belongs to an approval is never cached (I2).
  if (progress.needsApproval || identity === undefined) return undefined
  const found: Found[] = []
  for (const issued of cachedTokens(progress, environment)) {
    if (issued === undefined) return undefined
    found.push({ issued, cached: true })
  }
  return opened(progress, found, environment)
}

/** Step 7: every credential that the policy names, from the approval, an exchange or the vault (A9, I5). */
export async function openFetched(
  progress: Progress,
  entry: Entry | undefined,
  environment: Environment,
): Promise<OpenedAccess | Stop> {
  const results = await Promise.all(
    progress.definition.access.map(([, rule]) => fetched(progress, rule, entry, environment)),
  )
  const found: Found[] = []
  for (const result of results) {
    if ('status' in result) return result
    found.push(result)
  }
  return found.length === 0 ? nothing : opened(progress, found, environment)
}

async function fetched(
  progress: Progress,
  rule: AccessRule,
  entry: Entry | undefined,
  environment: Environment,
): Promise<Credentialed> {
  if (rule.kind === 'resource') return resourceToken(progress, rule, entry, environment)
  const token = await connectionToken(progress, rule, environment)
  return 'status' in token ? token : { issued: token, cached: true }
}

function opened(progress: Progress, found: readonly Found[], environment: Environment): OpenedAccess {
  progress.passed('access', readiness(progress, found))
  return new Opened(progress, found, environment)
}

/** Names the credentials of a user that do not say who acts: the API takes the agent for the user (RFC 8693 §1.1). */
function readiness({ definition, identity }: Progress, found: readonly Found[]): string {
  let silent = ''
  if (identity?.kind === 'user') {
    let index = 0
    for (const [name, rule] of definition.access) {
      const { actor } = (found[index++] as Found).issued
      if (rule.kind !== 'resource' || actor !== undefined) continue
      silent += silent === '' ? name : `, ${name}`
    }
  }
  return silent === '' ? READY : `${READY}; impersonation, since the token names nobody who acts: ${silent}`
}

const READY = 'credentials are ready'

/** Made when the body first looks at them: many bodies use none on their way. */
class Opened implements OpenedAccess {
  readonly #progress: Progress
  readonly #found: readonly Found[]
  readonly #environment: Environment
  #open: readonly OpenCredential[] | undefined
  #credentials: Call['access'] | undefined
  #idempotencyKey: string | undefined
  #isClosed = false

  constructor(progress: Progress, found: readonly Found[], environment: Environment) {
    this.#progress = progress
    this.#found = found
    this.#environment = environment
  }

  get credentials(): Call['access'] {
    this.#credentials ??= this.#make()
    return this.#credentials
  }

  tokens(): readonly Token[] {
    return this.#open?.flatMap(({ tokens }) => tokens) ?? this.#found.map(({ issued }) => issued.token)
  }

  useIdempotencyKey(key: string): void {
    this.#idempotencyKey = key
    for (const credential of this.#open ?? []) credential.useIdempotencyKey(key)
  }

  mayHaveActed(): boolean {
    return this.#open?.some((credential) => credential.mayHaveActed) ?? false
  }

  close(): void {
    this.#isClosed = true
    for (const credential of this.#open ?? []) credential.close()
  }

  #make(): Call['access'] {
    const open: OpenCredential[] = []
    const credentials: Record<string, Credential> = {}
    this.#progress.definition.access.forEach(([name, rule], index) => {
      const credential = createCredential(
        credentialOptions(this.#progress, name, rule, this.#found[index] as Found, this.#environment),
      )
      if (this.#idempotencyKey !== undefined) credential.useIdempotencyKey(this.#idempotencyKey)
      if (this.#isClosed) credential.close()
      open.push(credential)
      credentials[name] = credential.credential
    })
    this.#open = open
    return credentials
  }
}

function credentialOptions(
  progress: Progress,
  name: string,
  rule: AccessRule,
  { issued, cached }: Found,
  environment: Environment,
): CredentialOptions {
  // Field by field: spreading what may be absent costs more than all else here.
  const options: { -readonly [Key in keyof CredentialOptions]: CredentialOptions[Key] } = {
    name,
    token: issued.token,
    scopes: issued.scopes,
    origins: rule.origins,
    idempotencyHeader: rule.idempotencyHeader,
    fetch: environment.fetch,
    signal: progress.invocation.signal,
    refresh: cached ? () => renewed(progress, rule, issued, environment) : undefined,
    actsForAnother: () => progress.identity !== undefined && actsForAnother(progress.identity),
    onRawToken: () => noteRawToken(progress, name, environment),
  }
  if (issued.expiresAt !== undefined) options.expiresAt = issued.expiresAt
  if (issued.dpop !== undefined) options.dpop = issued.dpop
  return options
}

async function renewed(
  progress: Progress,
  rule: AccessRule,
  refused: IssuedToken,
  environment: Environment,
): Promise<IssuedToken | undefined> {
  // The deadline of before the body has nothing to say in it.
  return progress.duringBody(() =>
    rule.kind === 'resource'
      ? renewedToken(progress, rule, refused, environment)
      : renewedConnection(progress, rule, refused, environment),
  )
}

/** Whoever asked the vault before it was told of the refusal may have had that very token again: then it is asked once more. */
async function renewedConnection(
  progress: Progress,
  rule: ConnectionRule,
  refused: IssuedToken,
  environment: Environment,
): Promise<IssuedToken | undefined> {
  const { identity } = progress
  if (identity === undefined) return undefined
  const key = tokenKey(identity, rule, scopesFor(progress, rule), environment.servers)
  let held = refused
  for (let asked = 0; asked < 2; asked++) {
    environment.tokens.delete(key, held)
    const token = await connectionToken(progress, rule, environment, refused.token)
    if ('status' in token) return undefined
    if (revealToken(token.token) !== revealToken(refused.token)) return token
    held = token
  }
  return undefined
}

function noteRawToken(progress: Progress, credential: string, { auditor }: Environment): Promise<void> {
  return auditor.demand({
    type: 'raw_token',
    tool: progress.invocation.tool,
    ...principalOf(progress.identity),
    ...callOf(progress),
    credential,
  })
}
