/** Loads at the first call, and once for all who call. What failed is tried again by the next one: files may run out for a moment. */
export function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined
  const again = (error: unknown): never => {
    loaded = undefined
    throw error
  }
  return () => (loaded ??= load().catch(again))
}
