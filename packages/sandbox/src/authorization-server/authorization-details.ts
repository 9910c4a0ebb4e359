import { isApproved } from '@behalf/core/resource-server'
import { type AuthorizationDetail, errors } from 'oidc-provider'
import * as z from 'zod/mini'
import { resourceOf, type ServerContext } from './server-context.ts'

const Details = z.array(z.looseObject({ type: z.string() }))

/**
 * Details as a request has them: JSON text.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9396#section-5 | RFC 9396 §5}
 */
export function detailsOf(text: unknown): AuthorizationDetail[] | undefined {
  if (text === undefined) return undefined
  const parsed = Details.safeParse(parseJson(text))
  if (parsed.success) return parsed.data as AuthorizationDetail[]
  throw new errors.InvalidAuthorizationDetails('not an array of objects with a type')
}

/** Returns the details of a request, unparsed: the library treats an empty list as no list, which means all of them. */
export function askedDetails({ state }: { readonly state: { readonly askedDetails?: unknown } }): unknown {
  return state.askedDetails
}

/**
 * Returns the details of a token request: all that a person approved, or those of them that the request names.
 *
 * Details in a token say that a person approved them. So no request at the token endpoint adds or changes one.
 *
 * @param held - Details that the person approved: of the grant, or of the subject token.
 * @throws `invalid_authorization_details` No person approved one of them, or it is repeated.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9396#section-6 | RFC 9396 §6}
 */
export function narrowedDetails(
  text: unknown,
  held: readonly AuthorizationDetail[] | undefined,
): AuthorizationDetail[] | undefined {
  const asked = detailsOf(text)
  if (asked === undefined) return held && [...held]
  const isHeld = (detail: AuthorizationDetail) =>
    isApproved({ authorizationDetails: held ?? [] }, detail) && isApproved({ authorizationDetails: asked }, detail)
  if (asked.every(isHeld)) return asked.length > 0 ? asked : undefined
  throw new errors.InvalidAuthorizationDetails('no person agreed to one of the details, or it is repeated')
}

/** The details of a token that an API understands. */
export function understoodDetails(
  context: Pick<ServerContext, 'options'>,
  details: unknown,
  resource: string,
): AuthorizationDetail[] | undefined {
  const known = resourceOf(context, resource)?.authorizationDetailsTypes ?? []
  const understood = Details.safeParse(details).data?.filter(({ type }) => known.includes(type)) ?? []
  return understood.length > 0 ? (understood as AuthorizationDetail[]) : undefined
}

/** @throws `invalid_authorization_details` None of the targets understands this type. */
export function requireDetailType(context: Pick<ServerContext, 'options'>, type: string, resource: unknown): void {
  const known = [resource ?? []]
    .flat()
    .flatMap((one) => resourceOf(context, String(one))?.authorizationDetailsTypes ?? [])
  if (known.includes(type)) return
  throw new errors.InvalidAuthorizationDetails(`unknown type for this target: ${type}`)
}

export function parseJson(text: unknown): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    return undefined
  }
}
