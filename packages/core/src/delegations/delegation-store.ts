import type { RevokeOptions } from '../base/contract/index.ts'
import type { RevokingServers } from '../oauth/tokens/release-token.ts'
import { Collection, type OnUnreadable, type OpenedStore, type Resealed, type Stored } from '../records/index.ts'
import { concerns, revocableName, revocableNames } from '../records/revocation/index.ts'
import type { StoredSession } from '../sign-in/session-login.ts'
import { forgetAtServer, type LoginPlace } from '../sign-in/session-renewal.ts'
import { type DelegationRecord, delegationRecord } from './delegation-record.ts'

/** Time after its end for which a delegation still says why it gives nothing, in seconds. */
const REMEMBERED_SECONDS = 30 * 24 * 3600

/** Time after which an unconfirmed delegation is removed, in seconds. */
const UNCONFIRMED_SECONDS = 300

export type StoredDelegation = Stored<DelegationRecord>

/** Delegations: found by id, by owner and by session. */
export class DelegationStore {
  readonly #records: Collection<DelegationRecord>

  constructor(opened: OpenedStore) {
    this.#records = new Collection(opened, {
      kind: 'delegation',
      schema: delegationRecord,
      index: ({ owner, sessionId }) => revocableNames(owner, sessionId === undefined ? [] : [sessionId]),
      outlivesKeys: true,
      ends: ({ state, expiresAt }) =>
        state === 'unconfirmed'
          ? { expiresInSeconds: UNCONFIRMED_SECONDS }
          : { expiresAt: expiresAt + REMEMBERED_SECONDS },
    })
  }

  get durable(): boolean {
    return this.#records.durable
  }

  async read(id: string): Promise<StoredDelegation | undefined> {
    return this.#records.get(await this.#keyOf(id))
  }

  /** @param record - Of a new, random id. */
  async create(record: DelegationRecord): Promise<StoredDelegation> {
    const key = await this.#keyOf(record.id)
    return this.#records.change(key, () => record, { owner: record.owner }) as Promise<StoredDelegation>
  }

  /** @returns false if it was revoked meanwhile. A re-seal may have written it too. */
  async confirm(stored: StoredDelegation): Promise<boolean> {
    const confirmed = await this.#records.change(stored, (now) =>
      now?.state === 'unconfirmed' ? { ...now, state: 'active' } : undefined,
    )
    return confirmed?.record.state === 'active'
  }

  async #write(record: DelegationRecord, ifVersion: string | null): Promise<string | 'conflict'> {
    return this.#records.put(await this.#keyOf(record.id), record, { ifVersion })
  }

  /** Yields the delegations of a user or a session. Without a tenant, those of all tenants. */
  owned(owner: RevokeOptions, onUnreadable?: OnUnreadable): AsyncGenerator<StoredDelegation> {
    return this.#records.under(revocableName(owner), { onUnreadable })
  }

  /** @returns how often it was used in this window, this time included. */
  async countUse(id: string, windowSeconds: number): Promise<number> {
    return this.#records.count(await this.#keyOf(id), windowSeconds)
  }

  /**
   * Ends a delegation, even while other callers write it. Deletes its refresh token here, and revokes it at the server
   * if possible.
   * @returns false if it had ended before.
   */
  async revoke(stored: StoredDelegation, context: { readonly servers: RevokingServers }): Promise<boolean> {
    let ended: StoredSession | undefined
    let isOurs = false
    try {
      await this.#records.change(stored, (now) => {
        isOurs = now !== undefined && now.state !== 'revoked'
        if (now === undefined || now.state === 'revoked') return undefined
        const { login, ...rest } = now
        ended = login
        return { ...rest, state: 'revoked' }
      })
    } finally {
      // Revoked even if the store loses its answer: no later call can find the token.
      if (isOurs && ended !== undefined) await forgetAtServer(ended, context)
    }
    return isOurs
  }

  /** Storage of the login behind a delegation. A revoked delegation has no login. */
  placeOf(id: string, seconds: number): LoginPlace {
    let record: DelegationRecord | undefined
    return {
      read: async () => {
        const entry = await this.read(id)
        record = entry?.record
        if (entry === undefined || record?.state !== 'active' || record.login === undefined) return undefined
        return { login: record.login, version: entry.version }
      },
      write: (login: StoredSession, ifVersion) => this.#write({ ...(record as DelegationRecord), login }, ifVersion),
      end: async (ifVersion) => {
        const { login: _ended, ...rest } = record as DelegationRecord
        const put = await this.#write({ ...rest, state: 'login_ended' }, ifVersion)
        return put === 'conflict' ? 'conflict' : 'deleted'
      },
      alone: async (signal, work) => this.#records.alone(await this.#keyOf(id), { seconds, signal }, work),
    }
  }

  /** Seals all of them under the current key. */
  reseal(): Promise<Resealed> {
    return this.#records.reseal()
  }

  #keyOf(id: string): Promise<string> {
    return this.#records.keyOf('id', id)
  }
}

/**
 * Ends the delegations of a user, or of one session (I9).
 *
 * @returns how many there were.
 */
export async function endDelegations(
  store: DelegationStore,
  revoked: RevokeOptions,
  context: { readonly servers: RevokingServers; readonly onUnreadable: OnUnreadable },
): Promise<number> {
  let ended = 0
  for await (const stored of store.owned(revoked, context.onUnreadable)) {
    if (concerns(revoked, stored.record.owner) && (await store.revoke(stored, context))) ended++
  }
  return ended
}
