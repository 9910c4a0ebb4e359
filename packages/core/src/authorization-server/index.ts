export { type Auth0Options, auth0 } from './auth0.ts'
export { authorizationServers, type ProfileOf } from './authorization-servers.ts'
export { boundedRequest, readAnswer } from './bounded-request.ts'
export { checkNewToken } from './check-new-token.ts'
export { isAsymmetric } from './check-profile.ts'
export {
  type ClientAuthentication,
  type ClientAuthenticationOptions,
  clientAuthenticationKeys,
} from './client-authentication.ts'
export { connectAuthorizationServer } from './connect-authorization-server.ts'
export { type DpopKey, type DpopKeyOptions, type DpopKeyPair, generateDpopKey, importDpopKey } from './dpop-key.ts'
export { type EntraOptions, entra } from './entra.ts'
export { giveBackToken, type RevokingServers } from './give-back-token.ts'
export { hadNoEffect, isRefusedBefore } from './had-no-effect.ts'
export { type KeycloakOptions, keycloak } from './keycloak.ts'
export { type OidcOptions, oidc } from './oidc.ts'
export { type OktaOptions, okta } from './okta.ts'
export {
  allowInsecureLoopback,
  type CibaProfile,
  type ExchangeProfile,
  type Profile,
  type ProfileEndpoints,
  type TargetParameter,
  type TokenProfile,
} from './profile.ts'
export type { LoginHint, ProfileOptions } from './profile-options.ts'
export { isOfOtherClient, subjectOf } from './read-claims.ts'
export { readIssuer, unknownIssuer, wrongAudience } from './read-issuer.ts'
export { isGrantGone } from './request-fault.ts'
export { safeCause } from './safe-cause.ts'
export { grantedScopes, tokenScopes } from './scopes.ts'
export type {
  AuthorizationServer,
  AuthorizationServers,
  BackchannelAcknowledgement,
  DeviceAuthorization,
  GrantOptions,
  GrantParameters,
  IntrospectionResponse,
  ReceivedTokens,
  RequestOptions,
  RevokeTokenOptions,
  ServerEndpoints,
  Surroundings,
  TokenResponse,
  VerifiedJwt,
  VerifyJwtOptions,
} from './server.ts'
export { type SurroundingsOptions, surroundingsOf } from './surroundings.ts'
export { tokenEnd } from './times.ts'
export { shownTime } from './token-fault.ts'
export { checkTokenText } from './verify-jwt.ts'
export { readDeviceAuthorization, readTokenResponse } from './wire.ts'
export { withinDeadline } from './within-deadline.ts'
