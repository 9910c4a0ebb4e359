import { TestingError } from '@behalf/testing'
import { acrOf, epochSeconds } from '@behalf/testing/authorization-server'
import type { ServerContext } from '../server-context.ts'
import { grantOf } from './grant-of.ts'

/** Performs the upstream's part of a link: a login there, and a refresh token for the vault's client. */
export async function grantToVault(
  context: ServerContext,
  clientId: string,
  subject: string,
  resource: string,
  scopes: readonly string[] | undefined,
): Promise<{ readonly refreshToken: string; readonly scopes: readonly string[] }> {
  const { provider } = context
  const client = await provider.Client.find(clientId)
  const known = context.resources.get(resource)?.scopes
  if (client === undefined || known === undefined || !context.state.users.has(subject)) {
    throw new TestingError(`${context.issuer} knows no such client, user or API: ${clientId}, ${subject}, ${resource}`)
  }
  const granted = scopes ?? known
  const asked = ['openid', 'offline_access', ...granted]
  const grant = await grantOf(context, { clientId, subject, scopes: asked, resources: [resource] })
  const token = new provider.RefreshToken({
    accountId: subject,
    acr: acrOf(context, subject),
    authTime: epochSeconds(),
    client,
    grantId: grant.jti,
    gty: 'authorization_code',
    resource,
    rotations: 0,
    scope: asked.join(' '),
  } as never)
  return { refreshToken: await token.save(), scopes: granted }
}
