import type { Fetch } from '@behalf/core'
import type { StoredOAuthTokens } from '@modelcontextprotocol/client'
import type { KeptTokens, SessionRecords } from './session-records.ts'
import type { SessionTokens } from './session-tokens.ts'
import { Refusal, StoredTokens } from './wire.ts'

/** Errors after which a refresh token, its client or its key is never accepted again. */
const FINAL = ['invalid_grant', 'invalid_client', 'unauthorized_client', 'invalid_dpop_proof']

/**
 * Returns the fetch for token endpoints. It sends one refresh at a time, across processes. A process that had to wait
 * takes the new tokens from the store as its response. So it never sends a rotated refresh token again, nor one of a
 * session that signed out.
 *
 * New tokens are stored, and refused ones deleted, before another process may refresh.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2 | RFC 9700 §4.14.2}
 */
export function refreshingFetch(send: Fetch, records: SessionRecords, tokens: SessionTokens, timeoutMs: number): Fetch {
  return async (input, init) => {
    const refreshToken = refreshTokenOf(init)
    if (refreshToken === undefined) return send(input, init)
    // Twice the time of a request: one process may have to wait for another.
    const signal = AbortSignal.timeout(2 * timeoutMs)
    return records.refreshAlone(signal, async () => {
      const stored = await records.tokens()
      if (stored === undefined) return Response.json({ error: 'invalid_grant' }, { status: 400 })
      if (stored.refresh_token !== refreshToken) {
        const { issuer: _, signedOut: _mark, ...answer } = stored
        await tokens.settle(stored)
        return Response.json(answer)
      }
      const response = await send(input, init)
      await note(tokens, stored, response.clone())
      return response
    })
  }
}

async function note(tokens: SessionTokens, old: KeptTokens, response: Response): Promise<void> {
  const body: unknown = await response.json().catch(() => undefined)
  if (!response.ok) {
    const refusal = Refusal.safeParse(body)
    if (refusal.success && FINAL.includes(refusal.data.error)) await tokens.refused(old)
    return
  }
  const answer = StoredTokens.safeParse(body)
  if (!answer.success) return
  await tokens.renew(old, answer.data as StoredOAuthTokens)
}

/** Returns the refresh token of a request, if it is a refresh. */
function refreshTokenOf(init: RequestInit | undefined): string | undefined {
  if (init?.method?.toUpperCase() !== 'POST') return undefined
  const { body } = init
  const form = body instanceof URLSearchParams ? body : typeof body === 'string' ? new URLSearchParams(body) : undefined
  if (form?.get('grant_type') !== 'refresh_token') return undefined
  return form.get('refresh_token') ?? undefined
}
