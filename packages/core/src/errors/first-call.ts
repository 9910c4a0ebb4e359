/** Errors that a call has ended with. */
const heard = new WeakSet<object>()

/**
 * Whether no call has ended with this error before. An error speaks for the call that it left first: what leaves a
 * nested call and passes through the body around it says nothing of that one.
 */
export function leavesFirstCall(error: object): boolean {
  if (heard.has(error)) return false
  heard.add(error)
  return true
}
