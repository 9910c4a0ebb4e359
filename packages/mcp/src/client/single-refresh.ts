import type { Fetch } from '@behalf/core'
import type { StoredOAuthTokens } from '@modelcontextprotocol/client'
import { sha256 } from './digest.ts'
import type { SessionRecords } from './session-records.ts'
import { TokenAnswer } from './wire.ts'

/** What was written already, so that a slower process does not write it over something newer. */
export interface WrittenTokens {
  add(accessToken: string): void
}

/**
 * Sends a refresh request alone, across processes. Whoever had to wait finds the new tokens in the store and gets
 * those for an answer: a refresh token that was rotated is never sent again.
 *
 * What comes back is in the store before anybody else may refresh.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2 | RFC 9700 §4.14.2}
 */
async function refreshOnce(
  records: SessionRecords,
  refreshToken: string,
  {
    signal,
    send,
    written,
  }: { readonly signal: AbortSignal; readonly send: () => Promise<Response>; readonly written: WrittenTokens },
): Promise<Response> {
  return records.refreshAlone(signal, async () => {
    const stored = await records.tokens()
    if (stored !== undefined && stored.refresh_token !== refreshToken) {
      const { issuer: _, ...answer } = stored
      written.add(await sha256(stored.access_token))
      return Response.json(answer)
    }
    const response = await send()
    if (response.ok) await keep(records, response.clone(), { stored, refreshToken, written })
    return response
  })
}

async function keep(
  records: SessionRecords,
  response: Response,
  {
    stored,
    refreshToken,
    written,
  }: {
    readonly stored: StoredOAuthTokens | undefined
    readonly refreshToken: string
    readonly written: WrittenTokens
  },
): Promise<void> {
  const answer = TokenAnswer.safeParse(await response.json().catch(() => undefined))
  if (!answer.success || stored === undefined) return
  // RFC 6749 §6: without a new refresh token the old one stays, and without a scope the old one holds.
  const tokens = { refresh_token: refreshToken, ...(stored.scope && { scope: stored.scope }), ...answer.data }
  const issuer = stored.issuer === undefined ? {} : { issuer: stored.issuer }
  await records.saveTokens({ ...tokens, ...issuer } as StoredOAuthTokens)
  written.add(await sha256(answer.data.access_token))
}

/** The refresh token of a request, where it is one. */
function refreshTokenOf(init: RequestInit | undefined): string | undefined {
  if (init?.method?.toUpperCase() !== 'POST') return undefined
  const { body } = init
  const form = body instanceof URLSearchParams ? body : typeof body === 'string' ? new URLSearchParams(body) : undefined
  if (form?.get('grant_type') !== 'refresh_token') return undefined
  return form.get('refresh_token') ?? undefined
}

/** The fetch for token endpoints. */
export function refreshingFetch(
  send: Fetch,
  records: SessionRecords,
  written: WrittenTokens,
  timeoutMs: number,
): Fetch {
  return (input, init) => {
    const refreshToken = refreshTokenOf(init)
    if (refreshToken === undefined) return send(input, init)
    // Twice the time of a request: one may have to wait for another's.
    const signal = AbortSignal.timeout(2 * timeoutMs)
    return refreshOnce(records, refreshToken, { signal, send: () => send(input, init), written })
  }
}
