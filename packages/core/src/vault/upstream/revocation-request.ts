import { allowInsecureLoopback } from '../../oauth/profiles/profile.ts'
import { boundedRequest, withinDeadline } from '../../oauth/requests/bounded-request.ts'
import type { RequestOptions, Surroundings } from '../../oauth/server.ts'
import type { CheckedConnection, RevocationRequest } from './connection-definition.ts'

/** Asks a provider without RFC 7009 to end a grant. @returns whether it accepted that */
export async function revocationRequest(
  { profile }: CheckedConnection,
  revocation: RevocationRequest,
  accessToken: string,
  { fetch, clock, timeoutMs, signal }: Surroundings & Pick<RequestOptions, 'signal'>,
): Promise<boolean> {
  const { clientId, clientAuthentication } = profile
  const secret = 'clientSecret' in clientAuthentication ? clientAuthentication.clientSecret : ''
  const url = revocation.url.replace('{client_id}', encodeURIComponent(clientId))
  const rules = { fetch, now: () => clock.now(), allowInsecureLoopback: profile[allowInsecureLoopback] === true }
  const request = {
    method: revocation.method,
    headers: {
      authorization:
        revocation.authorization === 'client' ? `Basic ${btoa(`${clientId}:${secret}`)}` : `Bearer ${accessToken}`,
      accept: 'application/json',
      'user-agent': 'behalf',
      ...(revocation.tokenField !== undefined && { 'content-type': 'application/json' }),
    },
    ...(revocation.tokenField !== undefined && { body: JSON.stringify({ [revocation.tokenField]: accessToken }) }),
  }
  return withinDeadline({ timeoutMs, signal }, async (ending) => {
    const response = await boundedRequest(rules, url, { ...request, signal: ending })
    if (!response.ok) return false
    // Some providers refuse with status 200.
    const answer: unknown = await response.json().catch(() => undefined)
    return !(typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === false)
  })
}
