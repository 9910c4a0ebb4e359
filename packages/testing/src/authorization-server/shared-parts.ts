export { epochSeconds, machineClock } from '../clock.ts'
export { required, words } from '../http/received.ts'
export { Refusal } from '../http/refusal.ts'
export { refuseUnknownKeys } from '../testing-error.ts'
export { newSession, sharedControls, userOf } from './controls/shared-controls.ts'
export { checkBindingMessage, hintedSubject } from './endpoints/request-backchannel-authentication.ts'
export { federatedConnection } from './grants/federated-connection.ts'
export {
  detailsOf,
  grantedScopes,
  narrowedDetails,
  parseJson,
  permitted,
  requireDetailType,
  secondsOf,
  unknownScope,
} from './grants/grant-targets.ts'
export { redeemIdJag } from './grants/jwt-bearer.ts'
export { type Pace, tooSoon } from './grants/pace.ts'
export { exchangeToken, sessionOf } from './grants/token-exchange.ts'
export { COMMON_OPTIONS } from './options.ts'
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
export type { LinkedAccount, Session, SharedState } from './state.ts'
export type { AccessTokenRequest, IssuedAccessToken } from './tokens/access-token.ts'
export { acrOf, actorClaim, standardClaims, userClaims } from './tokens/claims.ts'
export { makePrivateKey, type SigningKey, signingKeyOf } from './tokens/signing-key.ts'
export { requireOwnAudience, TOKEN_TYPE, verifyOwnToken } from './tokens/subject-token.ts'
