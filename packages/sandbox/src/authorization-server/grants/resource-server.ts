import { Refusal, secondsOf } from '@behalf/testing/authorization-server'
import type { ServerContext } from '../server-context.ts'

/** Describes an API to the library, with the scopes that a client may have there. @param clientId - @default any */
export function resourceServerOf(context: ServerContext, identifier: string, clientId?: string) {
  const resource = context.resources.get(identifier)
  if (resource === undefined) throw new Refusal('invalid_target', `no such API: ${identifier}`)
  const allowed = context.clients.get(clientId ?? '')?.scopes
  return {
    scope: resource.scopes.filter((scope) => allowed === undefined || allowed.includes(scope)).join(' '),
    audience: identifier,
    accessTokenFormat: resource.opaque ? ('opaque' as const) : ('jwt' as const),
    accessTokenTTL: secondsOf(context, [identifier]),
    jwt: { sign: { alg: context.algorithm } },
  }
}
