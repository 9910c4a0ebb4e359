import type { Approver } from '../contract/index.ts'
import type { KeyedHash } from '../lib/index.ts'
import type { Owner } from './owner.ts'
import { isSettled, type RunRecord } from './record.ts'
import { bucketOf, type Refused } from './refused.ts'

type OwnerName = { readonly [Key in keyof Owner]: Owner[Key] | undefined }

/** Names of the indexes under which runs are found: keyed hashes of whom and what they are about. */
export class RunIndexes {
  readonly #hash: KeyedHash

  constructor(hash: KeyedHash) {
    this.#hash = hash
  }

  /** Equal runs whose body started and has not returned. */
  started(binding: string): string {
    return `started:${binding}`
  }

  /** Questions of equal runs that are open. */
  asked(binding: string): string {
    return `asked:${binding}`
  }

  /** Questions that are open to this person. */
  approver({ issuer, tenant, subject }: Approver): Promise<string> {
    return this.#named('approver', issuer, tenant ?? null, subject)
  }

  /** Runs of this owner that are not settled. */
  owner({ issuer, tenant, subject }: OwnerName): Promise<string> {
    return this.#named('owner', issuer, tenant ?? null, subject ?? null)
  }

  /** Runs of this session of an issuer's that are not settled. */
  session(issuer: string, session: string): Promise<string> {
    return this.#named('session', issuer, session)
  }

  /** Noes, by when they were given. */
  refused({ owner, approver, tool }: Refused, bucket: number): Promise<string> {
    const whose = [owner.issuer, owner.tenant ?? null, owner.subject ?? null]
    const whom = [approver.issuer, approver.tenant ?? null, approver.subject]
    return this.#named('refused', whose, whom, tool, bucket)
  }

  /** All that a record stands in now. */
  async of(record: RunRecord): Promise<readonly string[]> {
    const { owner, sessionIds = [], state, question, binding, tool } = record
    const index: string[] = []
    if (!isSettled(state)) {
      index.push(await this.owner(owner))
      // A revocation may name the subject alone.
      if (owner.tenant !== undefined) index.push(await this.owner({ ...owner, tenant: undefined }))
      for (const sessionId of sessionIds) index.push(await this.session(owner.issuer, sessionId))
    }
    if (state === 'running' || state === 'crashed') index.push(this.started(binding))
    // Whoever was asked has nothing more to do with it: their page stays short (A14).
    if (question !== undefined && (state === 'requested' || state === 'pending')) {
      index.push(await this.approver(question.approver), this.asked(binding))
    }
    if (state === 'denied' && question !== undefined) {
      index.push(await this.refused({ owner, approver: question.approver, tool }, bucketOf(record.endedAt ?? 0)))
    }
    return index
  }

  async #named(kind: string, ...parts: readonly unknown[]): Promise<string> {
    return `${kind}:${await this.#hash(JSON.stringify([kind, ...parts]))}`
  }
}
