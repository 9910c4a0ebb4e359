import { allowInsecureLoopback, type Profile } from '@behalf/core'
import { type DpopKey, oidc } from '@behalf/core/providers'
import type { ProtocolTarget, TargetClient } from './protocol-target.ts'

/** Changes to a client's profile. */
export interface ProfileChanges {
  /** Key of the client: its tokens are bound to it. @default none: bearer tokens */
  readonly dpop?: DpopKey | undefined
  /** Client authentication other than the client's own, to see that it is refused. */
  readonly authentication?: TargetClient['authentication'] | undefined
}

/**
 * Returns the profile of the app's issuer for a client, for core: plain OpenID, with the features of every target.
 *
 * Authorization details are sent with CIBA. Plain http is allowed if the issuer is on loopback.
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
