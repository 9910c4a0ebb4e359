/** LangGraph takes 32 hexadecimal digits for the name of a question. So many of ours are always the same. */
const prefixes = { pause: 'be4a1f00', question: 'be4a1f01' } as const

type Kind = keyof typeof prefixes

/**
 * The id of a pause of the guard, or of a question that a tool asks by itself: of this call alone, and the same after a
 * restart. LangGraph's own ids only count the questions of a task, and give each answer to the next that asks.
 */
export async function pauseId(kind: Kind, place: readonly unknown[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(place))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const digits = Array.from(digest.subarray(0, 12), (byte) => byte.toString(16).padStart(2, '0'))
  return prefixes[kind] + digits.join('')
}

/** Whether an id is that of a pause of the guard. A tool that asks by itself has no say in the id of its question. */
export const isPause = (id: unknown): boolean => typeof id === 'string' && id.startsWith(prefixes.pause)

/** Whether an id is of this kind and not LangGraph's own. Proves nothing: says where an answer must not go. */
export const isOurs = (id: unknown): boolean =>
  typeof id === 'string' && Object.values(prefixes).some((prefix) => id.startsWith(prefix))
