import * as z from 'zod/mini'
import type { Owner, Principal } from '../base/contract/index.ts'
import { defined } from '../base/values/index.ts'
import { userOwnerSchema } from '../records/stored-owner.ts'
import { type StoredSession, storedSession } from '../sign-in/session-login.ts'

/**
 * Source of a job's tokens.
 *
 * `'refresh_token'`: a login of its own; APIs and connections work. `'worker'`: the vault's worker grant; connections
 * work, and no API of the issuer, since there is no token to exchange. `'none'`: only permissions work, and credentials
 * that an approval gives.
 */
export type DelegatedCredentials = 'refresh_token' | 'worker' | 'none'

/** Limit on the uses of a delegation. */
export interface UseLimit {
  /** Maximum number of uses within one window. */
  readonly uses: number
  /** The window begins with its first use. */
  readonly windowSeconds: number
}

/** A stored delegation, sealed at rest. */
export interface DelegationRecord {
  readonly v: 1
  readonly id: string
  /**
   * State of the delegation. `unconfirmed`: written, and its proof not yet read again; it gives nothing. `login_ended`:
   * the issuer has ended the login that gave its tokens.
   */
  readonly state: 'unconfirmed' | 'active' | 'login_ended' | 'revoked'
  readonly owner: Owner & Principal
  /** The agent that it was made for, by its configured name. */
  readonly agent: string
  /** Client id of that agent at the owner's issuer: another client with the same name is another agent. */
  readonly client: string
  /** Each use takes the agent's own verified identity. */
  readonly provesAgent?: boolean | undefined
  readonly credentials: DelegatedCredentials
  /** Absent: any that the agent has. */
  readonly tools?: readonly string[] | undefined
  /** Absent: limited only by policies, roles and ceiling. */
  readonly scopes?: readonly string[] | undefined
  readonly limit?: UseLimit | undefined
  /** Epoch seconds. */
  readonly createdAt: number
  readonly expiresAt: number
  /** Time of the proof by which the user agreed, in epoch seconds. A later revocation ends the delegation. */
  readonly provenAt: number
  /** The session in which it was made. The delegation ends if that session is revoked. */
  readonly sessionId?: string | undefined
  /** Login that gives tokens. Removed when the delegation is revoked. */
  readonly login?: StoredSession | undefined
}

const text = z.string()
const texts = z.optional(z.array(text))

export const delegationRecord = z.object({
  v: z.literal(1),
  id: text,
  state: z.enum(['unconfirmed', 'active', 'login_ended', 'revoked']),
  owner: userOwnerSchema,
  agent: text,
  client: text,
  provesAgent: z.optional(z.boolean()),
  credentials: z.enum(['refresh_token', 'worker', 'none']),
  tools: texts,
  scopes: texts,
  limit: z.optional(z.object({ uses: z.number(), windowSeconds: z.number() })),
  createdAt: z.number(),
  expiresAt: z.number(),
  provenAt: z.number(),
  sessionId: z.optional(text),
  login: z.optional(storedSession),
})

/** View of a delegation for its owner and the operator. Contains no token. */
export interface DelegationView {
  /** Id of the delegation. */
  readonly id: string
  /** Current state. `login_ended`: the issuer ended the login behind it. */
  readonly state: 'active' | 'login_ended' | 'revoked' | 'expired'
  /** Name of the agent that may act. */
  readonly agent: string
  /** Tools that the agent may call. Absent: not limited. */
  readonly tools?: readonly string[]
  /** Scopes that the agent may use. Absent: not limited. */
  readonly scopes?: readonly string[]
  /** Limit on the uses of the delegation. Absent: not limited. */
  readonly limit?: UseLimit
  /** Epoch seconds. */
  readonly createdAt: number
  /** Epoch seconds. */
  readonly expiresAt: number
  /** Last time that the delegation got a token, in epoch seconds. */
  readonly renewedAt?: number
  /** Credentials that a job may use under the delegation. */
  readonly credentials: DelegatedCredentials
}

function stateOf({ state, expiresAt }: DelegationRecord, now: number): DelegationView['state'] {
  if (state !== 'revoked' && expiresAt <= now) return 'expired'
  return state === 'unconfirmed' ? 'active' : state
}

/**
 * @param record - Confirmed.
 * @param now - Epoch seconds.
 */
export function viewOf(record: DelegationRecord, now: number): DelegationView {
  const { id, agent, tools, scopes, limit, createdAt, expiresAt, login, credentials } = record
  const state = stateOf(record, now)
  const renewedAt = login?.renewedAt
  return defined({ id, state, agent, tools, scopes, limit, createdAt, expiresAt, renewedAt, credentials })
}
