import type { RevokingServers } from '../authorization-server/index.ts'
import { forgetAtServer, type KeptLogin, type LoginPlace } from '../identity/index.ts'
import type { OnUnreadable, SealedRecords } from '../lib/index.ts'
import type { Revoked } from '../revocation/index.ts'
import { type DelegationRecord, readDelegation } from './delegation-record.ts'

/** A delegation says why it gives nothing for this long after its end, in seconds. */
const REMEMBERED_SECONDS = 30 * 24 * 3600

/** One that is not confirmed by then is gone. Seconds. */
const UNCONFIRMED_SECONDS = 300

/** A delegation as it was read. */
export interface StoredDelegation {
  readonly record: DelegationRecord
  readonly version: string
}

/** Delegations over sealed records: found by id, by owner and by session. */
export class DelegationStore {
  readonly #records: SealedRecords

  constructor(records: SealedRecords) {
    this.#records = records
  }

  get durable(): boolean {
    return this.#records.durable
  }

  async read(id: string): Promise<StoredDelegation | undefined> {
    const entry = await this.#records.get(await this.#keyOf(id))
    return entry && { record: readDelegation(entry.value), version: entry.version }
  }

  async write(record: DelegationRecord, ifVersion: string | null): Promise<string | 'conflict'> {
    const { expiresAt } = record
    const index = await this.#indexesOf(record)
    const ends =
      record.state === 'unconfirmed'
        ? { expiresInSeconds: UNCONFIRMED_SECONDS }
        : { expiresAt: expiresAt + REMEMBERED_SECONDS }
    return this.#records.put(await this.#keyOf(record.id), record, { ifVersion, index, ...ends })
  }

  /** Those of a user; without a tenant, those of all tenants. */
  async *owned(
    owner: Pick<DelegationRecord['owner'], 'issuer' | 'tenant' | 'subject'>,
    onUnreadable?: OnUnreadable,
  ): AsyncGenerator<StoredDelegation> {
    yield* this.#list(await this.#ownerIndex(owner), onUnreadable)
  }

  async *ofSession(issuer: string, session: string, onUnreadable?: OnUnreadable): AsyncGenerator<StoredDelegation> {
    yield* this.#list(await this.#records.keyOf('session', issuer, session), onUnreadable)
  }

  /** @returns how often it was used in this window, this time included. */
  async countUse(id: string, windowSeconds: number): Promise<number> {
    return this.#records.count(await this.#keyOf(id), windowSeconds)
  }

  /**
   * Ends a delegation, whoever writes it meanwhile. Its refresh token is gone here, and at the server where it can be.
   *
   * @returns false when it had ended before.
   */
  async revoke(stored: StoredDelegation, context: { readonly servers: RevokingServers }): Promise<boolean> {
    for (let entry: StoredDelegation | undefined = stored; entry !== undefined; ) {
      if (entry.record.state === 'revoked') return false
      const { login, ...rest } = entry.record
      if ((await this.write({ ...rest, state: 'revoked' }, entry.version)) !== 'conflict') {
        if (login !== undefined) await forgetAtServer(login, context)
        return true
      }
      entry = await this.read(entry.record.id)
    }
    return false
  }

  /** Where the login behind a delegation is kept. Once it is revoked, there is none. */
  placeOf(id: string, leaseSeconds: number): LoginPlace {
    let record: DelegationRecord | undefined
    return {
      read: async () => {
        const entry = await this.read(id)
        record = entry?.record
        if (entry === undefined || record?.state !== 'active' || record.login === undefined) return undefined
        return { login: record.login, version: entry.version }
      },
      write: (login: KeptLogin, ifVersion) => this.write({ ...(record as DelegationRecord), login }, ifVersion),
      end: async (ifVersion) => {
        const { login: _ended, ...rest } = record as DelegationRecord
        const put = await this.write({ ...rest, state: 'login_ended' }, ifVersion)
        return put === 'conflict' ? 'conflict' : 'deleted'
      },
      alone: async (signal, work) => this.#records.alone(await this.#keyOf(id), leaseSeconds, signal, work),
    }
  }

  async *#list(index: string, onUnreadable: OnUnreadable | undefined): AsyncGenerator<StoredDelegation> {
    const indexesOf = (value: unknown) => this.#indexesOf(readDelegation(value))
    for await (const { value, version } of this.#records.list(index, { indexesOf, onUnreadable })) {
      yield { record: readDelegation(value), version }
    }
  }

  async #indexesOf({ owner, sessionId }: DelegationRecord): Promise<readonly string[]> {
    const index = [await this.#ownerIndex(owner)]
    // A revocation may name the subject alone.
    if (owner.tenant !== undefined) index.push(await this.#ownerIndex({ ...owner, tenant: undefined }))
    if (sessionId !== undefined) index.push(await this.#records.keyOf('session', owner.issuer, sessionId))
    return index
  }

  #keyOf(id: string): Promise<string> {
    return this.#records.keyOf('id', id)
  }

  #ownerIndex({ issuer, tenant, subject }: Pick<DelegationRecord['owner'], 'issuer' | 'tenant' | 'subject'>) {
    return this.#records.keyOf('owner', issuer, tenant ?? null, subject)
  }
}

/**
 * Ends the delegations of a user, or of one session (I9).
 *
 * @returns how many there were.
 */
export async function endDelegations(
  store: DelegationStore,
  { issuer, tenant, subject, session }: Revoked,
  context: { readonly servers: RevokingServers; readonly onUnreadable: OnUnreadable },
): Promise<number> {
  const { onUnreadable } = context
  const found =
    session === undefined
      ? store.owned({ issuer, tenant, subject: subject ?? '' }, onUnreadable)
      : store.ofSession(issuer, session, onUnreadable)
  let ended = 0
  for await (const stored of found) {
    const { owner } = stored.record
    if ((tenant !== undefined && owner.tenant !== tenant) || (subject !== undefined && owner.subject !== subject))
      continue
    if (await store.revoke(stored, context)) ended++
  }
  return ended
}
