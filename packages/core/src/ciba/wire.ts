import * as z from 'zod/mini'
import type { JsonObject } from '../base/contract/index.ts'
import { StoreError } from '../base/errors/index.ts'
import { equalSecrets, randomSecret, sha256 } from '../base/values/index.ts'
import type { TokenResponse } from '../oauth/server.ts'

/** State that a CIBA delivery must keep. Contains secrets; core seals all of it. */
export interface CibaState {
  readonly authReqId: string
  /** Time at which the request expires, in epoch seconds. */
  readonly expiresAt: number
  /** Polling interval in seconds, including every `slow_down` so far. */
  readonly interval: number
  /** Whether details were sent with the request, and are therefore required in the answer. */
  readonly detailsSent: boolean
  /** Time at which the request was sent, in epoch seconds. */
  readonly sentAt?: number
  /** Time at which the last response arrived, to the request or to a poll, in epoch seconds. */
  readonly respondedAt?: number
  /** The last response to a poll was `slow_down`. */
  readonly slowedDown?: boolean
  /** Required levels of login: the id_token must name one of them. */
  readonly acrValues?: readonly string[]
  /** Failed polls in a row: network faults, 429, 5xx. */
  readonly faults?: number
  /** Digest of the notification token, if the server was asked to ping. */
  readonly notification?: string
  /** Set after a ping of the server; a second ping adds no information. */
  readonly pinged?: boolean
  /** An answer that could not be verified yet: the server gives it once (CIBA Core §10.1.1). */
  readonly received?: TokenResponse
}

const schema = z.object({
  authReqId: z.string(),
  expiresAt: z.number(),
  interval: z.number(),
  detailsSent: z.boolean(),
  sentAt: z.optional(z.number()),
  respondedAt: z.optional(z.number()),
  slowedDown: z.optional(z.boolean()),
  acrValues: z.optional(z.array(z.string())),
  faults: z.optional(z.number()),
  notification: z.optional(z.string()),
  pinged: z.optional(z.boolean()),
  received: z.optional(
    z.looseObject({
      accessToken: z.string(),
      tokenType: z.enum(['bearer', 'dpop', 'n_a']),
      idToken: z.optional(z.string()),
    }),
  ),
})

/** @throws StoreError `corrupt`. */
export function cibaState(state: JsonObject): CibaState {
  const parsed = schema.safeParse(state)
  if (!parsed.success) throw new StoreError('corrupt', 'a stored CIBA request has an unknown form')
  return parsed.data as CibaState
}

/** Returns the state in its stored form: all of it is from JSON, or plain. */
export function storedState(state: CibaState): JsonObject {
  return { ...state } as unknown as JsonObject
}

/** Returns whether a delivery is of this channel, and its server announces the answer by a ping. */
export function isPinged(state: JsonObject): boolean {
  return schema.safeParse(state).data?.notification !== undefined
}

/** Seconds that each `slow_down` adds to `interval`, permanently (CIBA Core §11). */
export const SLOW_DOWN_SECONDS = 5

/**
 * Maximum time of a poll, in milliseconds. A server may hold it open for 30 s (CIBA Core §10.1), and some do so longer.
 * It is shorter than the lease of a poll, which is 45 s.
 */
export const LONG_POLL_MS = 40_000

export const CIBA_GRANT = 'urn:openid:params:grant-type:ciba'

/** Claim that binds an id_token to its request (CIBA Core §10.3.1). */
export const AUTH_REQ_ID_CLAIM = 'urn:openid:params:jwt:claim:auth_req_id'

const SEPARATOR = '.'

/** A notification token, and its stored digest. */
export interface NotificationToken {
  /** Token that is sent as `client_notification_token`. With it, the server authenticates its pings. */
  readonly token: string
  readonly digest: string
}

/**
 * Makes a token for one request. It names the approval, so that a ping finds its record without an index. Its 256
 * random bits make it hard to guess, and the record stores their digest.
 */
export async function newNotificationToken(approvalId: string): Promise<NotificationToken> {
  const token = `${approvalId}${SEPARATOR}${randomSecret()}`
  return { token, digest: await sha256(token) }
}

/** Returns the approval that a token claims. Does not check that the token is valid. */
export function approvalOf(token: string): string | undefined {
  const at = token.lastIndexOf(SEPARATOR)
  return at > 0 ? token.slice(0, at) : undefined
}

/** Compares a token with its digest, in a time that does not depend on where they differ. */
export async function isNotificationToken(token: string, digest: string): Promise<boolean> {
  return equalSecrets(await sha256(token), digest)
}
