import type { Adapter, AdapterPayload } from 'oidc-provider'

/** The library's records, in memory. They end by their own `exp`, which the library checks. */
export class Records {
  readonly #models = new Map<string, Map<string, AdapterPayload>>()
  readonly #graceSeconds: number

  /** @param graceSeconds - For so long a refresh token that was used counts as not used: its answer may be lost. */
  constructor(graceSeconds = 0) {
    this.#graceSeconds = graceSeconds
  }

  /** The library's view of one kind of record. */
  adapter(model: string): Adapter {
    const find = (id: string) => this.#of(model).get(id)
    const findBy = (name: 'uid' | 'userCode', value: string) =>
      [...this.#of(model).values()].find((payload) => payload[name] === value)
    return {
      upsert: async (id, payload) => void this.#of(model).set(id, payload),
      find: async (id) => (model === 'RefreshToken' ? this.#forgiven(find(id)) : find(id)),
      findByUid: async (uid) => findBy('uid', uid),
      findByUserCode: async (userCode) => findBy('userCode', userCode),
      consume: async (id) => {
        const payload = find(id)
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000)
      },
      destroy: async (id) => void this.#of(model).delete(id),
      revokeByGrantId: async (grantId) => {
        for (const [id, payload] of this.#of(model)) if (payload.grantId === grantId) this.#of(model).delete(id)
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

  /** Everything that a grant gave, and the grant itself. */
  revokeGrant(grantId: string): void {
    for (const [model, records] of this.#models) {
      if (model === 'Grant') records.delete(grantId)
      for (const [id, payload] of records) if (payload.grantId === grantId) records.delete(id)
    }
  }

  clear(): void {
    this.#models.clear()
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
