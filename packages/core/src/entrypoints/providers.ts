// `@behalf/core/providers`: what differs from one provider to the next, and the keys that a client proves.
export { type Auth0Options, auth0 } from '../authorization-server/auth0.ts'
export type { ClientAuthenticationOptions } from '../authorization-server/client-authentication.ts'
export {
  type DpopKey,
  type DpopKeyOptions,
  type DpopKeyPair,
  generateDpopKey,
  importDpopKey,
} from '../authorization-server/dpop-key.ts'
export { type EntraOptions, entra } from '../authorization-server/entra.ts'
export { type KeycloakOptions, keycloak } from '../authorization-server/keycloak.ts'
export { type OidcOptions, oidc } from '../authorization-server/oidc.ts'
export { type OktaOptions, okta } from '../authorization-server/okta.ts'
export type { LoginHint, ProfileOptions } from '../authorization-server/profile-options.ts'
