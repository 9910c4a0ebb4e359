import type { Principal, RevokeOptions, UserIdentity } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { type PresenceContext, type PresentUser, requirePresentUser } from '../../identity/present-user.ts'
import type { RequestOptions } from '../../oauth/server.ts'
import type {
  AccountLinker,
  AccountName,
  CompleteAnswer,
  CompleteRequest,
  DisconnectAnswer,
  LinkedAccount,
} from '../account-linker.ts'
import { asPresent, undoneUnlessPresent } from '../as-present.ts'
import { faultAnswer } from '../fault-answer.ts'
import type { ChangedConnection } from '../vault.ts'
import { type AccountRecord, accountOwner, hasUnknownTokens, pairsOf } from './account-record.ts'
import { revokePairs, type StoredAccount } from './account-records.ts'
import { completeLink, confirmed, describeAccount, type LinkParts, startLink } from './link-account.ts'

/** Result of a cascade. */
export interface ForgottenAccounts {
  /** Number of accounts that were removed. */
  readonly disconnected: number
  /** Number of these that were revoked at the provider. */
  readonly revoked: number
  /**
   * Store keys of records that cannot be opened, as `reseal` names them. They are unchanged, and nothing was revoked at
   * the provider.
   */
  readonly unreadable: readonly string[]
}

/**
 * Links, lists, chooses and disconnects the accounts of the embedded vault. It copies its arguments before the first wait:
 * an app may reuse the object for the next user or account.
 */
export class StoredAccounts {
  readonly #parts: LinkParts
  readonly #presence: PresenceContext
  readonly #changed: (changed: ChangedConnection) => void

  constructor(parts: LinkParts, presence: PresenceContext, changed: (changed: ChangedConnection) => void) {
    this.#parts = parts
    this.#presence = presence
    this.#changed = changed
  }

  linker(): Required<AccountLinker> {
    return Object.freeze<Required<AccountLinker>>({
      specificationVersion: 1,
      available: async () =>
        [...this.#parts.upstreams.values()].map(({ connection: { name, label, scopes } }) => ({ name, label, scopes })),
      connect: ({ scopes, ...others }, { ...options } = {}) => {
        const request = { ...others, ...(scopes !== undefined && { scopes: [...scopes] }) }
        return asPresent(request.identity, this.#presence, (user) => startLink(this.#parts, user, request, options))
      },
      complete: ({ parameters, ...others }, { ...options } = {}) => {
        const request = { ...others, parameters: new URLSearchParams(parameters) }
        return asPresent(request.identity, this.#presence, (user) => this.#complete(user, request, options))
      },
      list: (identity) => this.list(identity),
      disconnect: (identity, { ...name }, { ...options } = {}) =>
        asPresent(identity, this.#presence, (user) => this.#disconnect(user, name, options)),
      prefer: (identity, name) => this.prefer(identity, name),
    })
  }

  async list(identity: UserIdentity): Promise<readonly LinkedAccount[]> {
    const all = await this.#parts.records.of(accountOwner(identity), undefined, () => {})
    const preferred = new Set(
      [...Map.groupBy(all, ({ record }) => record.connection).values()].map((same) => preferredOf(same)?.key),
    )
    return all.map(({ key, record }) => describeAccount(record, preferred.has(key)))
  }

  async #complete(user: PresentUser, request: CompleteRequest, options: RequestOptions): Promise<CompleteAnswer> {
    const answer = await completeLink(this.#parts, user, request, options)
    if (answer.status !== 'connected') return answer
    const { account, returnTo } = answer
    const { identity } = user
    const { connection } = request
    try {
      const key = await this.#parts.records.key(accountOwner(identity), connection, account.id)
      const back = returnTo === undefined ? {} : { returnTo }
      const check = () => undoneUnlessPresent(user, () => this.#remove(key, options))
      // Checked again after the last write: if the proof was revoked during it, no other party would undo the link.
      const refused = (await check()) ?? (await this.#confirm(key).catch(faultAnswer)) ?? (await check())
      return refused === undefined ? answer : { ...refused, ...back }
    } finally {
      this.#tell(identity, connection)
    }
  }

  /** Confirms a link. If a process dies before this, the link serves no call (I11). */
  async #confirm(key: string): Promise<undefined> {
    await this.#parts.records.change(key, (record) => (record.unconfirmed ? confirmed(record) : undefined))
  }

  async #disconnect(
    { identity }: PresentUser,
    { connection, account }: AccountName,
    options: RequestOptions,
  ): Promise<DisconnectAnswer> {
    const { records } = this.#parts
    const owner = accountOwner(identity)
    const key = await records.key(owner, connection, account)
    try {
      await this.#unlessChosen(owner, connection, key)
      const revoked = await this.#remove(key, options)
      if (revoked === undefined) return { status: 'not_found', detail: 'this account is not linked' }
      return { status: 'disconnected', revoked }
    } catch (error) {
      return faultAnswer(error)
    } finally {
      this.#tell(identity, connection)
    }
  }

  async prefer(identity: UserIdentity, { connection, account }: AccountName): Promise<boolean> {
    const { records, clock } = this.#parts
    await requirePresentUser(identity, this.#presence)
    const owner = accountOwner(identity)
    const key = await records.key(owner, connection, account)
    const preferred = await records.change(key, async (record) => {
      const before = preferredOf(await records.of(owner, connection, () => {}))?.record.preferredAt ?? 0
      // Later than any choice before it, even if that process's clock was ahead.
      return { ...record, preferredAt: Math.max(clock.now(), before + 1) }
    })
    if (preferred !== undefined) this.#tell(identity, connection)
    return preferred !== undefined
  }

  async forget({ ...whose }: RevokeOptions, { ...options }: RequestOptions): Promise<ForgottenAccounts> {
    const { issuer, subject, session } = whose
    if (!issuer || (!subject && !session)) {
      throw new ConfigurationError('forget', 'name an issuer, and a subject or a session')
    }
    let disconnected = 0
    let revokedCount = 0
    const unreadable: string[] = []
    for await (const { key, record } of this.#parts.records.under(whose, (key) => unreadable.push(key))) {
      // Others of the user stay where only a session's go.
      if (session !== undefined) await this.#unlessChosen(record.owner, record.connection, key)
      const revoked = await this.#remove(key, options)
      this.#tell(record.owner, record.connection)
      if (revoked === undefined) continue
      disconnected++
      if (revoked) revokedCount++
    }
    // A process may still have tokens of accounts that another process disconnected.
    if (subject) for (const connection of this.#parts.upstreams.keys()) this.#tell({ ...whose, subject }, connection)
    return { disconnected, revoked: revokedCount, unreadable }
  }

  /** Blocks the other accounts, if the user's chosen account is removed, until the user chooses one of them. */
  async #unlessChosen(owner: AccountRecord['owner'], connection: string, key: string): Promise<void> {
    const { records } = this.#parts
    // A record that does not open has no readable choice.
    const all = await records.of(owner, connection, () => {})
    if (preferredOf(all)?.key !== key) return
    for (const other of all) {
      if (other.key === key) continue
      // Also marks an account that was chosen once: its choice was replaced.
      await records.change(other, ({ preferredAt: _, ...record }) => ({ ...record, mustChoose: true }))
    }
  }

  /**
   * Ends the use of the account here, then revokes it at the provider, then removes the record. If this process dies in
   * between, another disconnect, or a new link, still knows which tokens may be valid at the provider.
   * @returns whether the provider accepted it
   */
  async #remove(key: string, options: RequestOptions): Promise<boolean | undefined> {
    const { records } = this.#parts
    let told: boolean | undefined
    let linkedAt: number | undefined
    for (;;) {
      const stored = await records.find(key)
      if (stored === undefined) return told
      if ('unreadable' in stored) {
        if ((await records.delete(stored)) === 'conflict') continue
        return false
      }
      const { record } = stored
      // The account was linked again during the revocation: that link must not end, and it lists the remaining tokens.
      if (linkedAt !== undefined && record.connectedAt !== linkedAt) return told
      const version = await records.write(key, { ...record, state: 'ending' }, stored.version)
      if (version === 'conflict') continue
      linkedAt = record.connectedAt
      told = await this.#revokeAll(record, options)
      if ((await records.delete({ ...stored, version })) !== 'conflict') return told
    }
  }

  async #revokeAll(record: AccountRecord, options: RequestOptions): Promise<boolean> {
    const { records, upstreams, clock } = this.#parts
    const { living, ended } = pairsOf(record, clock.now())
    const told = [living, ended].map((pairs) => revokePairs(records, upstreams.get(record.connection), pairs, options))
    // A provider may refuse a token that has ended. It is sent all the same: the clock of this process may be ahead.
    return (await Promise.all(told))[0] === true && !hasUnknownTokens(record)
  }

  #tell({ issuer, tenant, subject }: Principal, connection: string): void {
    this.#changed({ issuer, tenant, subject, connection })
  }
}

/** Returns the account that was chosen last, if there is one. */
export function preferredOf(accounts: readonly StoredAccount[]): StoredAccount | undefined {
  let best: StoredAccount | undefined
  for (const stored of accounts) {
    const { preferredAt } = stored.record
    if (preferredAt !== undefined && preferredAt > (best?.record.preferredAt ?? 0)) best = stored
  }
  return best
}
