import * as z from 'zod/mini'
import type { JsonObject } from '../contract/index.ts'
import { StoreError } from '../errors/index.ts'

/** What a CIBA delivery has to remember: the only secret here is `authReqId`, and core seals it. */
export interface CibaState {
  readonly authReqId: string
  /** Epoch seconds. */
  readonly expiresAt: number
  /** Seconds; grown by every `slow_down` so far. */
  readonly interval: number
  /** Sent with the request, and so demanded of the answer. */
  readonly detailsSent: boolean
}

const schema = z.object({
  authReqId: z.string(),
  expiresAt: z.number(),
  interval: z.number(),
  detailsSent: z.boolean(),
})

/** @throws StoreError `corrupt`. */
export function cibaState(state: JsonObject): CibaState {
  const parsed = schema.safeParse(state)
  if (!parsed.success) throw new StoreError('corrupt', 'a stored CIBA request has an unknown form')
  return parsed.data
}

/** `interval` grows by so much on `slow_down`, for good (CIBA Core §11). Seconds. */
export const SLOW_DOWN_SECONDS = 5

export const CIBA_GRANT = 'urn:openid:params:grant-type:ciba'
