import * as z from 'zod/mini'
import { InvalidResponseError } from '../../base/errors/index.ts'
import { lifetime } from '../../oauth/wire.ts'
import type { AvailableConnection, LinkedAccount } from '../account-linker.ts'

const text = z.string().check(z.minLength(1))

const started = z.looseObject({
  auth_session: text,
  connect_uri: z.url(),
  connect_params: z.looseObject({ ticket: text }),
  expires_in: lifetime,
})

export interface ConnectStarted {
  readonly authSession: string
  readonly url: string
  readonly expiresInSeconds: number
}

/** @throws InvalidResponseError */
export function readConnectStarted(json: unknown): ConnectStarted {
  const {
    auth_session: authSession,
    connect_uri: uri,
    connect_params: parameters,
    expires_in: seconds,
  } = parse(started, json)
  const url = new URL(uri)
  url.searchParams.set('ticket', parameters.ticket)
  return { authSession, url: url.href, expiresInSeconds: seconds }
}

const account = z.looseObject({
  id: text,
  connection: text,
  scopes: z._default(z.array(z.string()), []),
  created_at: z.catch(z.optional(z.string()), undefined),
})

/** @throws InvalidResponseError */
export function readLinkedAccount(json: unknown): LinkedAccount {
  return linked(parse(account, json))
}

const page = z.looseObject({ accounts: z.array(account), next: z.catch(z.optional(z.string()), undefined) })

/** @throws InvalidResponseError */
export function readLinkedAccounts(json: unknown): {
  readonly accounts: readonly LinkedAccount[]
  readonly next?: string
} {
  const { accounts, next } = parse(page, json)
  return { accounts: accounts.map(linked), ...(next !== undefined && { next }) }
}

function linked({ id, connection, scopes, created_at: createdAt }: z.output<typeof account>): LinkedAccount {
  const connectedAt = createdAt === undefined ? Number.NaN : Date.parse(createdAt)
  return {
    connection,
    id,
    scopes,
    status: 'connected',
    ...(!Number.isNaN(connectedAt) && { connectedAt: Math.floor(connectedAt / 1000) }),
  }
}

const connections = z.looseObject({
  connections: z.array(z.looseObject({ name: text, scopes: z._default(z.array(z.string()), []) })),
})

/** @throws InvalidResponseError */
export function readConnections(json: unknown): readonly AvailableConnection[] {
  return parse(connections, json).connections.map(({ name, scopes }) => ({ name, label: name, scopes }))
}

const problem = z.looseObject({
  type: z.catch(z.optional(z.string()), undefined),
  title: z.catch(z.optional(z.string()), undefined),
})

/** Returns the title of a problem (RFC 9457 §3.1). It is the server's text, so it is quoted and shortened. */
export function problemTitle(json: unknown): string {
  const { success, data } = problem.safeParse(json)
  return JSON.stringify((success && (data.title ?? data.type)) || 'no reason').slice(0, 120)
}

export function connectRequest(attempt: {
  readonly connection: string
  readonly redirectUri: string
  readonly state: string
  readonly codeChallenge: string
  readonly scopes: readonly string[] | undefined
}): object {
  return {
    connection: attempt.connection,
    redirect_uri: attempt.redirectUri,
    state: attempt.state,
    code_challenge: attempt.codeChallenge,
    code_challenge_method: 'S256',
    ...(attempt.scopes !== undefined && { scopes: attempt.scopes }),
  }
}

export function completeRequest(attempt: {
  readonly authSession: string
  readonly connectCode: string
  readonly redirectUri: string
  readonly codeVerifier: string
}): object {
  return {
    auth_session: attempt.authSession,
    connect_code: attempt.connectCode,
    redirect_uri: attempt.redirectUri,
    code_verifier: attempt.codeVerifier,
  }
}

function parse<Output>(schema: z.ZodMiniType<Output>, json: unknown): Output {
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
  throw new InvalidResponseError(`an answer of the My Account API is malformed (${problems.join('; ')})`)
}
