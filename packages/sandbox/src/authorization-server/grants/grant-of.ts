import { OPENID_SCOPES, permitted } from '@behalf/testing/authorization-server'
import type { Grant } from 'oidc-provider'
import type { ServerContext } from '../server-context.ts'

/** Returns the grant of a person's consent: all requested values that they may grant. */
export async function grantOf(
  context: ServerContext,
  request: {
    readonly clientId: string
    readonly subject: string
    readonly scopes: readonly string[]
    readonly resources: readonly string[]
  },
): Promise<Grant> {
  const { clientId, subject, scopes, resources } = request
  const grant = new context.provider.Grant({ clientId, accountId: subject })
  grant.addOIDCScope(scopes.filter((scope) => OPENID_SCOPES.has(scope)).join(' '))
  for (const identifier of resources) {
    const known = context.resources.get(identifier)?.scopes ?? []
    const asked = scopes.filter((scope) => known.includes(scope))
    grant.addResourceScope(identifier, permitted(context, subject, asked).join(' '))
  }
  await grant.save()
  return grant
}
