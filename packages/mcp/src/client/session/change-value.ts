import type { SealedStore, SealedValue } from '@behalf/core/sealed-store'

/**
 * Writes what `make` returns for the stored value, and repeats it if the value changed meanwhile. `undefined` leaves
 * the value unchanged.
 */
export async function changeValue(
  store: SealedStore,
  name: readonly string[],
  make: (found: SealedValue | undefined) => object | undefined,
  expiresInSeconds?: number,
): Promise<void> {
  for (;;) {
    const found = await store.get(name)
    const value = make(found)
    if (value === undefined) return
    const written = await store.put(name, value, { ifVersion: found?.version ?? null, expiresInSeconds })
    if (written !== 'conflict') return
  }
}
