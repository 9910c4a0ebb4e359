import type { Clock } from '../../base/ports.ts'
import { randomSecret } from '../../base/values/index.ts'
import type { PresentUser } from '../../identity/present-user.ts'
import { readAuthorizationResponse } from '../../oauth/requests/authorization-response.ts'
import type { ReceivedTokens, RequestOptions } from '../../oauth/server.ts'
import { orRevoked } from '../../oauth/tokens/release-token.ts'
import type {
  CompleteAnswer,
  CompleteRequest,
  ConnectAnswer,
  ConnectRequest,
  LinkedAccount,
} from '../account-linker.ts'
import { faultAnswer, redeemAnswer } from '../fault-answer.ts'
import type { UpstreamAccount, UpstreamTokens } from '../upstream/connection-definition.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { type AccountRecord, accountOwner, takenOver } from './account-record.ts'
import { type AccountRecords, revokePairs } from './account-records.ts'
import { ATTEMPT_SECONDS, type ConnectAttempt, type ConnectAttempts, refuse } from './connect-attempts.ts'

/** Parts that linking needs. */
export interface LinkParts {
  readonly attempts: ConnectAttempts
  readonly records: AccountRecords
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly clock: Clock
}

/** Begins a connect flow: authorization code with PKCE, and a `state` for this user, session and browser. */
export async function startLink(
  { attempts, records, upstreams }: LinkParts,
  user: PresentUser,
  request: ConnectRequest,
  options: RequestOptions,
): Promise<ConnectAnswer> {
  const { connection, redirectUri, browser, returnTo } = request
  const owner = accountOwner(user.identity)
  const upstream = upstreams.get(connection)
  if (upstream === undefined) {
    return { status: 'unknown_connection', detail: `there is no connection ${JSON.stringify(connection)}` }
  }
  const { scopes: possible, profile } = upstream.connection
  const asked = request.scopes ?? possible
  const unknown = asked.find((scope) => !possible.includes(scope))
  if (unknown !== undefined) {
    return { status: 'unknown_scope', detail: `${connection} may not ask for ${JSON.stringify(unknown)}` }
  }
  try {
    // At many providers, a newer grant replaces the older one. Scopes of another account are not requested.
    const held = await heldBy(records, owner, request)
    const scopes = possible.filter((scope) => asked.includes(scope) || held.includes(scope))
    const { issuer, clientId } = profile
    const secrets = { codeVerifier: randomSecret(), nonce: randomSecret() }
    const attempt = { connection, issuer, clientId, scopes, redirectUri, ...secrets }
    const state = randomSecret()
    const url = await upstream.authorizationUrl({ ...attempt, state }, options)
    await attempts.begin(user, browser, { ...attempt, ...(returnTo !== undefined && { returnTo }) }, state)
    return { status: 'started', url, state, expiresInSeconds: ATTEMPT_SECONDS }
  } catch (error) {
    return faultAnswer(error)
  }
}

async function heldBy(
  records: AccountRecords,
  owner: AccountRecord['owner'],
  { connection, account }: ConnectRequest,
): Promise<readonly string[]> {
  const found = account === undefined ? undefined : await records.find(await records.key(owner, connection, account))
  // A new link replaces a record that cannot be opened.
  return found !== undefined && 'record' in found ? found.record.scopes : []
}

/** Ends a connect flow. First checks its owner, then the sender of the answer, and only then redeems the code. */
export async function completeLink(
  parts: LinkParts,
  user: PresentUser,
  request: CompleteRequest,
  options: RequestOptions,
): Promise<CompleteAnswer> {
  const claimed = await parts.attempts.claim(user, request)
  if (claimed.status === 'refused') return claimed
  const { attempt } = claimed
  const { returnTo } = attempt
  const back = returnTo === undefined ? {} : { returnTo }
  const upstream = parts.upstreams.get(attempt.connection)
  if (upstream === undefined) return { status: 'misconfigured', detail: 'the connection is gone', ...back }
  const flow = { attempt, upstream }
  try {
    const answer = await codeOf(request.parameters, flow, options)
    if (typeof answer !== 'string') return answer
    const record = await redeemAndKeep(parts, flow, answer, options)
    return { status: 'connected', account: describeAccount(confirmed(record)), ...back }
  } catch (error) {
    return { ...redeemAnswer(error), ...back }
  }
}

/** The code of an authorization response, or why it is missing. */
async function codeOf(
  parameters: URLSearchParams,
  { attempt, upstream }: ConnectFlow,
  options: RequestOptions,
): Promise<string | CompleteAnswer> {
  const { returnTo } = attempt
  const { issuer, clientId } = upstream.connection.profile
  // A process may have another configuration: a code and its verifier go to the server that the browser was sent to.
  if (attempt.issuer !== issuer || attempt.clientId !== clientId) {
    return refuse('other_issuer', 'this connect flow was begun at another provider, or with another client', returnTo)
  }
  const isIssuer = await upstream.isIssuer(parameters.get('iss'), options)
  const answer = readAuthorizationResponse(parameters, isIssuer)
  return 'code' in answer ? answer.code : refuse(answer.reason, answer.detail, returnTo)
}

/** A connect flow, and the server that it is with. */
interface ConnectFlow {
  readonly attempt: ConnectAttempt
  readonly upstream: Upstream
}

/** Revokes tokens that are stored nowhere, even if their response is refused. */
async function redeemAndKeep(
  parts: LinkParts,
  flow: ConnectFlow,
  code: string,
  options: RequestOptions,
): Promise<AccountRecord> {
  const { attempt, upstream } = flow
  const { issuer, clientId } = upstream.connection.profile
  // A write whose answer was lost may have stored them: then the account holds them. Without the store, this is
  // unknown.
  const revoke = (tokens: ReceivedTokens) =>
    revokePairs(parts.records, upstream, [{ issuer, clientId, ...tokens }], {}).catch(() => false)
  return orRevoked(revoke, async (onTokens) => {
    const tokens = await upstream.redeem(code, attempt, { ...options, onTokens })
    const account = await upstream.accountOf(tokens, attempt.nonce, options)
    return keepAccount(parts, flow, tokens, account)
  })
}

/** Stores the account. Its newest grant replaces the one before. */
async function keepAccount(
  { records, clock }: LinkParts,
  { attempt, upstream }: ConnectFlow,
  tokens: UpstreamTokens,
  account: UpstreamAccount,
): Promise<AccountRecord> {
  const now = clock.now()
  const { accessToken, refreshToken, expiresIn, scopes = attempt.scopes } = tokens
  const { issuer, clientId } = upstream.connection.profile
  const isUnnamed = upstream.connection.account.from === 'none'
  const { owner, sessionId, connection } = attempt
  const key = await records.key(owner, connection, account.id)
  for (;;) {
    const found = await records.find(key)
    // A record that does not open is replaced: it cannot be used.
    const before = found && ('record' in found ? found.record : 'unreadable')
    const preferredAt = typeof before === 'object' ? before.preferredAt : undefined
    const record: AccountRecord = {
      v: 1,
      owner,
      ...(sessionId !== undefined && { sessionId }),
      connection,
      account,
      issuer,
      clientId,
      state: 'connected',
      unconfirmed: true,
      scopes: [...scopes],
      accessToken,
      ...(expiresIn !== undefined && { expiresAt: Math.floor(now / 1000) + expiresIn }),
      ...takenOver(before, { issuer, clientId, accessToken, refreshToken, isUnnamed }),
      refreshedAt: now,
      connectedAt: now,
      ...(preferredAt !== undefined && { preferredAt }),
    }
    if ((await records.write(key, record, found?.version ?? null)) !== 'conflict') return record
  }
}

/** Returns the same account, after its proof was read again. */
export function confirmed({ unconfirmed: _, ...record }: AccountRecord): AccountRecord {
  return record
}

/** Returns the fields of an account that an app may see. */
export function describeAccount(record: AccountRecord, isPreferred = false): LinkedAccount {
  const { connection, account, scopes, state, unconfirmed, connectedAt, mustChoose, preferredAt } = record
  return {
    connection,
    id: account.id,
    ...(account.label !== undefined && { label: account.label }),
    scopes,
    status: state === 'connected' && !unconfirmed ? 'connected' : 'must_reconnect',
    connectedAt: Math.floor(connectedAt / 1000),
    ...(isPreferred && { isPreferred }),
    ...(mustChoose && preferredAt === undefined && { mustChoose }),
  }
}
