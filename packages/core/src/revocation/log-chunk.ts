import * as z from 'zod/mini'
import { revokedAt } from './revoked.ts'

/** The warm path judges proofs of calls, and no such proof lives longer. 30 days, in seconds. */
export const KEPT_SECONDS = 30 * 24 * 3600

/** Clocks of a store and of its writers may differ by so much. Seconds. */
const SKEW_SECONDS = 24 * 3600

/** The end of a log, or of a chunk: how many entries there were when it was written, and at which time. */
export interface Mark {
  readonly count: number
  /** Epoch seconds. */
  readonly at: number
}

/** The newest chunk that an append has ended. Written after it, so the log is never behind. */
export interface Head extends Mark {
  readonly number: number
}

/** A chunk as it is stored. */
export const storedChunk = z.object({
  v: z.literal(1),
  /** Random: a log that began again after all of it had expired has other chunks under the same keys. */
  id: z.string(),
  revoked: z.array(revokedAt),
  /** Of the chunk before this one. Absent in the first chunk. */
  previous: z.optional(z.object({ count: z.number(), at: z.number() })),
})
export type StoredChunk = z.infer<typeof storedChunk>

/** A head as it is stored. */
export const storedHead = z.object({ v: z.literal(1), number: z.number(), count: z.number(), at: z.number() })
export type StoredHead = z.infer<typeof storedHead>

/** A chunk as it was read. */
export interface Chunk extends Omit<StoredChunk, 'v'> {
  readonly number: number
  readonly version: string
}

/** What was written then has not expired yet. @param now - Epoch seconds. */
export const isKept = (at: number, now: number): boolean => now < at + KEPT_SECONDS - SKEW_SECONDS

/** Whether the end of the log is at least where the head says. @param now - Epoch seconds. */
export function reachesHead(last: Chunk | undefined, head: Head | undefined, now: number): boolean {
  // An append that ended between its two writes has left no head. It was the first one.
  if (head === undefined) return last === undefined || (last.number === 0 && last.revoked.length === 1)
  if (last === undefined) return !isKept(head.at, now)
  return last.number > head.number || (last.number === head.number && last.revoked.length >= head.count)
}

/**
 * Whether each chunk follows the one before, but for those that have expired.
 *
 * @param isFromBegin - The first chunk is the first one in the store.
 * @param now - Epoch seconds.
 */
export function isUnbroken(chunks: readonly Chunk[], isFromBegin: boolean, now: number): boolean {
  return chunks.every(({ number, previous }, index) => {
    const before = chunks[index - 1]
    if (number === 0 || (before === undefined && !isFromBegin)) return true
    if (previous === undefined) return false
    return before?.number === number - 1 ? before.revoked.length >= previous.count : !isKept(previous.at, now)
  })
}
