/** Tells the app something, without waiting. An error that its function throws or rejects with is dropped, and changes nothing. */
export function tellApp(tell: () => unknown): void {
  try {
    const told = tell() as PromiseLike<unknown> | null | undefined
    // Not `instanceof`: a promise may be of another realm.
    if (typeof told?.then === 'function') told.then(undefined, () => {})
  } catch {}
}
