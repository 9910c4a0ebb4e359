import * as z from 'zod/mini'
import type { Actor } from '../base/contract/index.ts'
import { InvalidTokenError } from '../base/errors/index.ts'

/** Required outermost actor of the new token. A field that is absent may have any value. */
export interface ExpectedActor {
  /** `sub` of the actor. */
  readonly subject?: string
  /** `iss` of the actor. */
  readonly issuer?: string
}

/** Returns the number of parties that act, one through the other. */
export function depthOf(actor: Actor | undefined): number {
  let depth = 0
  for (let at = actor; at !== undefined; at = at.actor) depth++
  return depth
}

const mayAct = z.looseObject({ sub: z.optional(z.string()), iss: z.optional(z.string()) })

/**
 * Checks the expected actor against the party that the user's token allows to act. Pure.
 *
 * The server decides; this only avoids sending a token that the server must refuse.
 *
 * @throws InvalidTokenError `actor`: the token names another party.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-4.4 | RFC 8693 §4.4}
 */
export function checkMayAct(claims: Readonly<Record<string, unknown>>, expected: ExpectedActor | undefined): void {
  if (claims.may_act === undefined || expected === undefined) return
  const { success, data } = mayAct.safeParse(claims.may_act)
  if (!success) throw new InvalidTokenError('actor', 'the may_act claim is malformed')
  const { subject = data.sub, issuer = data.iss } = expected
  if (subject !== (data.sub ?? subject) || issuer !== (data.iss ?? issuer)) {
    throw new InvalidTokenError('actor', "the user's token lets another party act")
  }
}
