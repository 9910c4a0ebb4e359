import { isApproved } from '@behalf/core/resource-server'
import * as z from 'zod/mini'
import { optional } from '../../http/received.ts'
import { Refusal } from '../../http/refusal.ts'
import type { MockClient } from '../options.ts'
import { OPENID_SCOPES, type ServerFacts, type SharedServer } from '../server-facts.ts'
import type { AuthorizationDetail } from '../state.ts'

/**
 * Returns the APIs that a token is requested for: `resource` and `audience`, both repeatable.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8707#section-2 | RFC 8707 §2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-2.1 | RFC 8693 §2.1}
 */
export function requestedAudience(server: ServerFacts, parameters: URLSearchParams): readonly string[] {
  const named = [...parameters.getAll('resource'), ...parameters.getAll('audience')].filter((value) => value !== '')
  for (const target of named) {
    if (!server.resources.has(target)) throw new Refusal('invalid_target', `no such API: ${target}`)
  }
  if (named.length > 0) return [...new Set(named)]
  return server.defaultResource === undefined ? [] : [server.defaultResource]
}

/** Returns the lifetime of an access token for these APIs, in seconds. */
export function secondsOf({ resources, accessTokenSeconds }: ServerFacts, audience: readonly string[]): number {
  const lifetimes = audience.map((identifier) => resources.get(identifier)?.accessTokenSeconds ?? accessTokenSeconds)
  return lifetimes.length === 0 ? accessTokenSeconds : Math.min(...lifetimes)
}

/** Scopes that belong to an API. */
export function apiScopes(scopes: readonly string[]): readonly string[] {
  return scopes.filter((scope) => !OPENID_SCOPES.has(scope))
}

/**
 * Returns the scopes to grant: the requested ones that API, client and user allow.
 *
 * An unknown scope, or one that the client may not have, is `invalid_scope`. A scope that the user lacks is omitted
 * without an error, as servers with role-based scopes do, so clients must compare.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-3.3 | RFC 6749 §3.3}
 */
export function grantedScopes(
  server: SharedServer,
  request: {
    readonly client: MockClient
    readonly subject: string | undefined
    readonly requested: readonly string[]
    readonly audience: readonly string[]
  },
): readonly string[] {
  const ofApis = new Set(request.audience.flatMap((identifier) => server.resources.get(identifier)?.scopes ?? []))
  for (const scope of request.requested) {
    if (OPENID_SCOPES.has(scope)) continue
    if (!ofApis.has(scope)) throw new Refusal('invalid_scope', unknownScope(scope))
    if (request.client.scopes !== undefined && !request.client.scopes.includes(scope)) {
      throw new Refusal('invalid_scope', `client ${request.client.clientId} may not have ${scope}`)
    }
  }
  return permitted(server, request.subject, request.requested)
}

/** Says that the APIs of a request do not have this scope. */
export function unknownScope(scope: string): string {
  const hint = scope.includes(',') ? '; separate scopes by spaces, not by commas' : ''
  return `unknown scope for this target: ${scope}${hint}`
}

/** Returns the scopes that a user may have. No API has those of OpenID Connect. */
export function permitted(
  { state }: Pick<SharedServer, 'state'>,
  subject: string | undefined,
  scopes: readonly string[],
): readonly string[] {
  const permissions = subject === undefined ? undefined : state.users.get(subject)?.permissions
  return scopes.filter((scope) => OPENID_SCOPES.has(scope) || permissions === undefined || permissions.includes(scope))
}

const Details = z.array(z.looseObject({ type: z.string() }))

/**
 * The `authorization_details` of a request, each of a type that a target understands.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9396#section-5 | RFC 9396 §5}
 */
export function requestedDetails(
  server: ServerFacts,
  parameters: URLSearchParams,
  audience: readonly string[],
): readonly AuthorizationDetail[] | undefined {
  const asked = detailsOf(optional(parameters, 'authorization_details'))
  for (const { type } of asked ?? []) requireDetailType(server, type, audience)
  return asked
}

/**
 * Checks the type of a detail.
 * @throws Refusal `invalid_authorization_details`: it is not a type that one of the targets understands.
 */
export function requireDetailType(server: ServerFacts, type: string, audience: readonly string[]): void {
  if (knownTypes(server, audience).has(type)) return
  throw new Refusal('invalid_authorization_details', `unknown type for this target: ${type}`)
}

/**
 * Returns the details of a token request: all that a person approved, or those of them that the request names.
 *
 * Details in a token say that a person approved them. So no request at the token endpoint adds or changes one.
 *
 * @param held - Details that the person approved: of the grant, or of the subject token.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9396#section-6 | RFC 9396 §6}
 */
export function narrowedDetails(
  parameters: URLSearchParams,
  held: readonly AuthorizationDetail[] | undefined,
): readonly AuthorizationDetail[] | undefined {
  const asked = detailsOf(optional(parameters, 'authorization_details'))
  if (asked === undefined) return held
  const isHeld = (detail: AuthorizationDetail) =>
    isApproved({ authorizationDetails: held ?? [] }, detail) && isApproved({ authorizationDetails: asked }, detail)
  if (asked.every(isHeld)) return asked.length > 0 ? asked : undefined
  throw new Refusal('invalid_authorization_details', 'no person agreed to one of the details, or it is repeated')
}

/** The details that the targets understand. */
export function understoodDetails(
  server: ServerFacts,
  details: unknown,
  audience: readonly string[],
): readonly AuthorizationDetail[] | undefined {
  const known = knownTypes(server, audience)
  const understood = Details.safeParse(details).data?.filter(({ type }) => known.has(type)) ?? []
  return understood.length > 0 ? understood : undefined
}

function knownTypes({ resources }: ServerFacts, audience: readonly string[]): ReadonlySet<string> {
  return new Set(audience.flatMap((identifier) => resources.get(identifier)?.authorizationDetailsTypes ?? []))
}

/** Parses `authorization_details`. */
export function detailsOf(text: unknown): readonly AuthorizationDetail[] | undefined {
  if (text === undefined) return undefined
  const parsed = Details.safeParse(parseJson(String(text)))
  if (parsed.success) return parsed.data
  throw new Refusal('invalid_authorization_details', 'not an array of objects with a type')
}

/** Parses JSON. Returns `undefined` if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
