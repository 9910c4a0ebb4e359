import { allowInsecureLoopback, type Profile } from '@behalf/core'
import { type DpopKey, oidc } from '@behalf/core/providers'
import type { ProtocolTarget, TargetClient } from './protocol-target.ts'

/** What a client may want otherwise. */
export interface ProfileChanges {
  /** The client's key: its tokens are bound to it. @default none, and bearer tokens */
  readonly dpop?: DpopKey | undefined
  /** Another client authentication than the client holds, to see it refused. */
  readonly authentication?: TargetClient['authentication'] | undefined
}

/**
 * A client's view of the app's issuer, for core: plain OpenID, with what every target can do.
 *
 * Authorization details travel with CIBA. Plain http is allowed where the issuer is on loopback.
 */
export function profileOf(
  target: { readonly authorizationServer: Pick<ProtocolTarget['authorizationServer'], 'issuer'> },
  client: TargetClient,
  { dpop, authentication = client.authentication }: ProfileChanges = {},
): Profile {
  const { issuer } = target.authorizationServer
  return oidc({
    issuer,
    clientId: client.clientId,
    clientAuthentication: authentication,
    ciba: { carriesAuthorizationDetails: true },
    ...(dpop && { dpop }),
    ...(issuer.startsWith('http:') && { [allowInsecureLoopback]: true }),
  })
}
