/** A stored value and the version to compare and swap it by. The shape of core's `Versioned`. */
export interface Versioned {
  readonly key: string
  readonly value: Uint8Array
  readonly version: string
}

/** The shape of core's `Store`, whose documentation holds. */
export interface Store {
  readonly specificationVersion: 1
  readonly durable: boolean
  get(key: string): Promise<Versioned | undefined>
  put(
    key: string,
    value: Uint8Array,
    options: {
      readonly ifVersion: string | null
      readonly expiresAt?: number
      readonly due?: { readonly queue: string; readonly at: number }
      readonly index?: readonly string[]
    },
  ): Promise<string | 'conflict'>
  delete(key: string, options?: { readonly ifVersion: string }): Promise<'deleted' | 'conflict'>
  claimDue(
    queue: string,
    options: { readonly limit: number; readonly leaseSeconds: number },
  ): Promise<readonly Versioned[]>
  list(index: string, options: { readonly after?: string; readonly limit: number }): Promise<readonly Versioned[]>
  increment(key: string, options: { readonly windowSeconds: number }): Promise<number>
}
