import { StoreError } from '../errors/index.ts'
import type { Sealer } from '../lib/index.ts'
import type { Store } from '../ports/index.ts'

/** Lost compare-and-swaps in a row, before the store counts as unavailable. */
const MAX_CONFLICTS = 64

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Small values that are kept for a while: sealed, and counted by the store's clock. The last writer has the say. */
export class KeptValues {
  readonly #store: Store
  readonly #sealer: Sealer

  constructor(store: Store, sealer: Sealer) {
    this.#store = store
    this.#sealer = sealer
  }

  async put(key: string, value: unknown, options: { readonly seconds: number }): Promise<void> {
    const sealed = await this.#sealer.seal(key, encoder.encode(JSON.stringify(value)))
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
      const ifVersion = (await this.#store.get(key))?.version ?? null
      const put = await this.#store.put(key, sealed, {
        ifVersion,
        expiresInSeconds: options.seconds,
      })
      if (put !== 'conflict') return
    }
    throw new StoreError('unavailable', 'a value is being changed by too many writers at once')
  }

  /** As it was read from JSON: its form is for the caller to check. */
  async get(key: string): Promise<unknown> {
    const found = await this.#store.get(key)
    return found && parseJson(await this.#sealer.open(key, found.value))
  }

  async delete(key: string): Promise<void> {
    await this.#store.delete(key)
  }
}

/** @throws StoreError `corrupt`. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch (cause) {
    throw new StoreError('corrupt', 'a stored value is not JSON', { cause })
  }
}
