import { checkAuth0Message } from '@behalf/core/providers'
import { type BackchannelAuthenticationRequest, errors, type KoaContextWithOIDC } from 'oidc-provider'
import * as z from 'zod/mini'
import { parseJson } from './authorization-details.ts'
import type { ServerContext } from './server-context.ts'

const DEFAULT_INTERVAL = 5

/** Auth0's form of a `login_hint`. */
const IssuerAndSubject = z.object({ format: z.literal('iss_sub'), iss: z.string(), sub: z.string() })

/**
 * Returns the problem of a binding message, by Auth0's limits: no specification has any. The text is fixed, because an
 * OAuth error allows only some characters.
 */
export function bindingMessageProblem(message: string | undefined): string | undefined {
  if (message === undefined || checkAuth0Message(message) === undefined) return undefined
  return 'at most 64 of letters, digits, space and +-_.,:#'
}

/** Returns the subject of a hint: a plain `sub`, or issuer and subject in Auth0's form. */
export function hintedSubject({ issuer }: Pick<ServerContext, 'issuer'>, hint: string): string | undefined {
  if (!hint.startsWith('{')) return hint
  const parsed = IssuerAndSubject.safeParse(parseJson(hint))
  if (!parsed.success) throw new errors.InvalidRequest('login_hint is no iss_sub object')
  return parsed.data.iss === issuer ? parsed.data.sub : undefined
}

/** Adds `interval` to the library's response, which does not know it (CIBA Core §7.3). */
export function keepPace(
  context: ServerContext,
  ctx: KoaContextWithOIDC,
  request: BackchannelAuthenticationRequest,
): void {
  ctx.body = { ...(ctx.body as object), interval: startPace(context, request.jti) }
}

/** @returns the interval, seconds. */
export function startPace({ options, state }: ServerContext, id: string): number {
  const interval = options.interval ?? DEFAULT_INTERVAL
  state.paces.set(id, { interval, slowDownNext: false, loseAnswer: false })
  return interval
}
