import type { Fetch } from '../../base/ports.ts'
import { defined, parsedJson } from '../../base/values/index.ts'
import { readAnswer } from '../../oauth/requests/bounded-request.ts'
import type { CheckedConnection } from './connection-definition.ts'

type Members = Readonly<Record<string, unknown>>

/**
 * Makes a fetch that converts token answers to the form of RFC 6749, for providers that differ: errors under status
 * 200, scopes with commas, the user's token within a member. It also removes the parts that a refresh does not need.
 * Adds nothing: a missing value stays missing.
 * @param onAnswer - Gets each token answer as the provider wrote it.
 */
export function normalisingFetch(
  connection: CheckedConnection,
  fetch: Fetch,
  onAnswer: (accessToken: string, answer: Members) => void,
): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    if (init?.method !== 'POST' || response.status >= 300) return response
    const url = new URL(input instanceof Request ? input.url : input)
    const body = await readAnswer(response, url)
    const answer = parse(body)
    const { status, headers } = response
    if (answer === undefined) return new Response(body, { status, headers })
    const { tokens: all, isError } = tokensOf(answer, connection)
    // A refresh does not use its id_token. One that does not verify must not cost the new refresh token.
    const { id_token: _, ...withoutIdToken } = all
    const tokens = isRefresh(init.body) ? withoutIdToken : all
    if (typeof tokens.access_token === 'string') onAnswer(tokens.access_token, answer)
    const plain = new Headers(headers)
    plain.delete('content-length')
    plain.delete('content-encoding')
    plain.set('content-type', 'application/json')
    return new Response(JSON.stringify(tokens), { status: isError ? 400 : status, headers: plain })
  }
}

const isRefresh = (body: unknown): boolean =>
  body instanceof URLSearchParams && body.get('grant_type') === 'refresh_token'

function parse(body: Uint8Array): Members | undefined {
  const value = parsedJson(body)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined
}

function tokensOf(answer: Members, connection: CheckedConnection): { tokens: Members; isError: boolean } {
  if (typeof answer.error === 'string') return { tokens: answer, isError: true }
  const { answerMember, scopeSeparator, bearerTypes = [], unscopedTokenPrefix } = connection
  const { [answerMember ?? '']: within, ...outer } = answer
  const inner = typeof within === 'object' && within !== null ? (within as Members) : {}
  // A refresh answer may omit the member; a bot's token is recognized by its type.
  const found = answerMember !== undefined && 'access_token' in inner ? inner : outer
  const { token_type: type, scope: named, ...all } = found
  // All users of a workspace share a bot's token, so it is not stored or revoked for one user.
  const isBots = answerMember !== undefined && found === outer && !bearerTypes.includes(`${type}`)
  const { access_token: _a, refresh_token: _r, ...tokenless } = all
  const rest = isBots ? tokenless : all
  const isUnscoped = unscopedTokenPrefix !== undefined && `${found.access_token}`.startsWith(unscopedTokenPrefix)
  const scope = isUnscoped ? undefined : named
  return {
    isError: false,
    tokens: {
      ...rest,
      ...defined({ token_type: type, scope }),
      ...(typeof type === 'string' && bearerTypes.includes(type) && { token_type: 'bearer' }),
      ...(typeof scope === 'string' && scopeSeparator === ',' && { scope: scope.split(',').join(' ') }),
    },
  }
}
