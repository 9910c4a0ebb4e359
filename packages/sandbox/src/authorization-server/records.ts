import type { Adapter, AdapterPayload } from 'oidc-provider'
import type { ServerStorage } from '../data/index.ts'

/**
 * The library's records, in memory, and on a shelf if there is one. They expire by their own `exp`, which the library
 * checks.
 */
export class Records {
  readonly #models = new Map<string, Map<string, AdapterPayload>>()
  readonly #graceSeconds: number
  readonly #shelf: ServerStorage | undefined

  /** @param graceSeconds - Time for which a used refresh token counts as unused: its answer may be lost. */
  constructor(graceSeconds = 0, shelf?: ServerStorage) {
    this.#graceSeconds = graceSeconds
    this.#shelf = shelf
    const now = Date.now() / 1000
    for (const [model, id, payload] of shelf?.records() ?? []) {
      if (payload.exp !== undefined && payload.exp < now) shelf?.remove(model, id)
      else this.#of(model).set(id, payload)
    }
  }

  /** Returns the library's adapter for one kind of record. */
  adapter(model: string): Adapter {
    const find = (id: string) => this.#of(model).get(id)
    const findBy = (name: 'uid' | 'userCode', value: string) =>
      [...this.#of(model).values()].find((payload) => payload[name] === value)
    return {
      upsert: async (id, payload) => {
        this.#of(model).set(id, payload)
        this.#shelf?.put(model, id, payload)
      },
      find: async (id) => (model === 'RefreshToken' ? this.#forgiven(find(id)) : find(id)),
      findByUid: async (uid) => findBy('uid', uid),
      findByUserCode: async (userCode) => findBy('userCode', userCode),
      consume: async (id) => this.change(model, id, { consumed: Math.floor(Date.now() / 1000) }),
      destroy: async (id) => this.#remove(model, id),
      revokeByGrantId: async (grantId) => {
        for (const [id, payload] of this.#of(model)) if (payload.grantId === grantId) this.#remove(model, id)
      },
    }
  }

  /** All records of a kind, oldest first. */
  all(model: string): readonly (readonly [id: string, payload: AdapterPayload])[] {
    return [...this.#of(model)]
  }

  get(model: string, id: string): AdapterPayload | undefined {
    return this.#of(model).get(id)
  }

  change(model: string, id: string, changes: Partial<AdapterPayload>): void {
    const payload = this.get(model, id)
    if (payload === undefined) return
    Object.assign(payload, changes)
    this.#shelf?.put(model, id, payload)
  }

  /** Revokes a grant and all tokens that it issued. */
  revokeGrant(grantId: string): void {
    for (const [model, records] of this.#models) {
      if (model === 'Grant') this.#remove(model, grantId)
      for (const [id, payload] of records) if (payload.grantId === grantId) this.#remove(model, id)
    }
  }

  clear(): void {
    this.#models.clear()
    this.#shelf?.clear()
  }

  #remove(model: string, id: string): void {
    this.#of(model).delete(id)
    this.#shelf?.remove(model, id)
  }

  #forgiven(payload: AdapterPayload | undefined): AdapterPayload | undefined {
    if (payload === undefined || typeof payload.consumed !== 'number') return payload
    if (Date.now() / 1000 >= payload.consumed + this.#graceSeconds) return payload
    const { consumed: _, ...unused } = payload
    return unused
  }

  #of(model: string): Map<string, AdapterPayload> {
    const records = this.#models.get(model) ?? new Map<string, AdapterPayload>()
    this.#models.set(model, records)
    return records
  }
}
