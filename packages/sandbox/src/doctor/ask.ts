/** An answer, or the reason why it is missing. */
export type Asked =
  | { readonly response: Response; readonly body: unknown; readonly text: string }
  | { readonly failure: string }

/** Returns whether a secret may be sent there: over https, or over http to this machine. */
export function isSecure(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname))
}

const MAX_BYTES = 1_000_000

/** Sends one request. Redirects are answers, and a missing answer is a value, so the doctor continues. */
export async function ask(url: string, timeoutMs: number, init: RequestInit = {}): Promise<Asked> {
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
    const text = (await response.text()).slice(0, MAX_BYTES)
    return { response, text, body: parseJson(text) }
  } catch (error) {
    return { failure: reasonOf(error) }
  }
}

/** Returns the reason of a failed fetch, which Node hides in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no answer in time'
  const cause = error.cause as { readonly code?: string; readonly message?: string } | undefined
  return cause?.code ?? cause?.message ?? error.message
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
