/** Prefixes of ids. LangGraph requires 32 hexadecimal digits for the name of a question, and ours begin with these. */
const prefixes = { pause: 'be4a1f00', question: 'be4a1f01' } as const

type Kind = keyof typeof prefixes

/**
 * Returns the id of the guard's pause, or of a tool's own question: unique to this call, and the same after a restart.
 * LangGraph's own ids only count the questions of a task, and give each answer to the next one that asks.
 */
export async function pauseId(kind: Kind, place: readonly unknown[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(place))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const digits = Array.from(digest.subarray(0, 12), (byte) => byte.toString(16).padStart(2, '0'))
  return prefixes[kind] + digits.join('')
}

/**
 * Returns whether an id is that of a pause of the guard. A tool with its own question cannot choose the question's id.
 */
export const isPause = (id: unknown): boolean => typeof id === 'string' && id.startsWith(prefixes.pause)

/**
 * Returns whether an id is of this kind and not LangGraph's own. It proves nothing, and only shows where an answer must
 * not go.
 */
export const isOurs = (id: unknown): boolean =>
  typeof id === 'string' && Object.values(prefixes).some((prefix) => id.startsWith(prefix))
