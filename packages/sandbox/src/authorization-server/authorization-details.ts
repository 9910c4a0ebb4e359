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
