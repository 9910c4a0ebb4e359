import { StoreError } from '../errors/index.ts'
import { pause, type SealedRecords } from '../lib/index.ts'
import { type RevokedAt, readStored } from './revoked.ts'

const INDEX = 'revocation-log'

/** Revocations in one chunk. An append writes the last chunk again. */
const CHUNK = 64

/** The warm path judges proofs of calls, and no such proof lives longer. 30 days, in seconds. */
export const KEPT_SECONDS = 30 * 24 * 3600

/** Appends that another process was faster at, in a row, before the store counts as unavailable. */
const MAX_CONFLICTS = 200

/** The longest wait between two tries of an append, in milliseconds. */
const MAX_WAIT_MS = 100

interface Chunk {
  readonly number: number
  /** Random: a log that began again after all of it had expired has other chunks under the same keys. */
  readonly id: string
  readonly revoked: readonly RevokedAt[]
  readonly version: string
}

/**
 * All revocations in the order in which they were appended, in chunks. The position in the log is the order: no clock
 * of a writer decides what a reader sees.
 */
export class RevocationLog {
  readonly #records: SealedRecords
  readonly #take: (revoked: RevokedAt) => void
  /** The chunk and the number of its entries that this process has read. */
  #position: { readonly number: number; readonly id: string; readonly read: number } | undefined

  /** @param take - Is given each revocation that is new to this process. */
  constructor(records: SealedRecords, take: (revoked: RevokedAt) => void) {
    this.#records = records
    this.#take = take
  }

  /** Reads what was appended since the last time. @returns the last chunk. */
  async read(): Promise<Chunk | undefined> {
    const from = this.#position
    let last: Chunk | undefined
    const news: RevokedAt[] = []
    for await (const chunk of this.#chunks(from?.number)) {
      if (from !== undefined && last === undefined) {
        if (chunk.id !== from.id) return this.#readAll()
        news.push(...chunk.revoked.slice(from.read))
      } else {
        news.push(...chunk.revoked)
      }
      last = chunk
    }
    if (from !== undefined && last === undefined) return this.#readAll()
    for (const revoked of news) this.#take(revoked)
    if (last !== undefined) this.#position = { number: last.number, id: last.id, read: last.revoked.length }
    return last
  }

  /** The chunk that was read last is gone: it expired, and others may have begun before its place. */
  #readAll(): Promise<Chunk | undefined> {
    this.#position = undefined
    return this.read()
  }

  async append(revoked: RevokedAt): Promise<void> {
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
      const last = await this.read()
      const isFull = last === undefined || last.revoked.length >= CHUNK
      const put = isFull
        ? await this.#put((last?.number ?? -1) + 1, crypto.randomUUID(), [revoked], null)
        : await this.#put(last.number, last.id, [...last.revoked, revoked], last.version)
      if (put !== 'conflict') return
      await pause(Math.random() * Math.min(MAX_WAIT_MS, 2 ** attempt), undefined)
    }
    throw new StoreError('unavailable', 'the log of revocations is being written by too many processes at once')
  }

  #put(number: number, id: string, revoked: readonly RevokedAt[], ifVersion: string | null) {
    return this.#records.put(
      keyOf(number),
      { v: 1, id, revoked },
      { ifVersion, index: [INDEX], expiresInSeconds: KEPT_SECONDS },
    )
  }

  async *#chunks(from: number | undefined): AsyncGenerator<Chunk> {
    const after = from === undefined || from === 0 ? undefined : keyOf(from - 1)
    for await (const { key, value, version } of this.#records.list(INDEX, { after, indexesOf: async () => [INDEX] })) {
      const { id = '', revoked } = readStored(value)
      yield { number: Number(key.slice(PREFIX.length)), id, revoked, version }
    }
  }
}

const PREFIX = 'revoked:log:'
const keyOf = (number: number): string => `${PREFIX}${String(number).padStart(12, '0')}`
