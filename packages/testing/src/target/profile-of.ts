import { allowInsecureLoopback, type Profile } from '@behalf/core'
import { oidc } from '@behalf/core/providers'
import type { ProtocolTarget, TargetClient } from './protocol-target.ts'

/**
 * A client's view of the app's issuer, for core: plain OpenID, with what every target can do.
 *
 * Authorization details travel with CIBA and with exchanges. Plain http is allowed where the issuer is on loopback.
 */
export function profileOf(
  target: { readonly authorizationServer: Pick<ProtocolTarget['authorizationServer'], 'issuer'> },
  { clientId, authentication }: TargetClient,
): Profile {
  const { issuer } = target.authorizationServer
  return oidc({
    issuer,
    clientId,
    clientAuthentication: authentication,
    ciba: { carriesAuthorizationDetails: true },
    exchange: { carriesAuthorizationDetails: true },
    ...(issuer.startsWith('http:') && { [allowInsecureLoopback]: true }),
  })
}
