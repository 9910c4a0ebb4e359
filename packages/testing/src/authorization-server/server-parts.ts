export { epochSeconds, machineClock } from '../clock.ts'
export { required, words } from '../http/received.ts'
export { Refusal } from '../http/refusal.ts'
export { refuseUnknownKeys } from '../testing-error.ts'
export type { AccessTokenRequest, IssuedAccessToken } from './access-token.ts'
export { acrOf, actorClaim, standardClaims, userClaims } from './claims.ts'
export {
  detailsOf,
  grantedScopes,
  narrowedDetails,
  parseJson,
  permitted,
  requireDetailType,
  secondsOf,
  unknownScope,
} from './grant-targets.ts'
export { federatedConnection } from './grants/federated-connection.ts'
export { redeemIdJag } from './grants/jwt-bearer.ts'
export { exchangeToken, sessionOf } from './grants/token-exchange.ts'
export { COMMON_OPTIONS } from './options.ts'
export { type Pace, tooSoon } from './pace.ts'
export { checkBindingMessage, hintedSubject } from './request-backchannel-authentication.ts'
export {
  CONFIDENTIAL_GRANTS,
  FURTHER_PATHS,
  factsOf,
  GRANT,
  type GrantRequest,
  type GrantServer,
  OPENID_SCOPES,
  PATHS,
  type SharedServer,
} from './server-facts.ts'
export { newSession, sharedControls, userOf } from './shared-controls.ts'
export { makePrivateKey, type SigningKey, signingKeyOf } from './signing-key.ts'
export type { LinkedAccount, Session, SharedState } from './state.ts'
export { requireOwnAudience, TOKEN_TYPE, verifyOwnToken } from './subject-token.ts'
